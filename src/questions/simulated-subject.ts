import type { Contact } from '../attempts/ledger.ts';
import type { AttemptReport } from '../attempts/schemas.ts';
import type { ProfilePoint } from '../contact/profile.ts';
import { addressKeyOf } from '../contact/service.ts';
import type { Ctx } from '../context.ts';
import { notFound } from '../errors.ts';
import type { SimulatedFile } from './simulated-file.ts';

/** Whom a contact is with, and on which number. */
export type Subject = Pick<Contact, 'customerId' | 'person' | 'address' | 'contactPointId'> & {
  readonly partyId: string;
  readonly place: 'home' | 'work' | null;
};

/** Looks up whom and what a report or a question names. Throws NOT_FOUND, and what an invalid address throws. */
export function subjectOf(
  ctx: Ctx,
  file: SimulatedFile,
  customerId: string,
  asked: Pick<AttemptReport, 'customerId' | 'partyId' | 'contactPointId' | 'address' | 'channel'>,
): Subject {
  if (asked.customerId !== customerId) throw notFound('/customerId', 'customer');
  const party = file.profile.parties.find(({ id, role }) =>
    asked.partyId === undefined ? role === 'debtor' : id === asked.partyId,
  );
  if (party === undefined) throw notFound('/partyId', 'party');
  const sent = addressKeyOf(ctx, asked)?.toString('hex') ?? null;
  const point = pointOf(file, asked.contactPointId, sent, party.id);
  if (asked.contactPointId !== undefined && point === undefined) throw notFound('/contactPointId', 'contact point');
  return {
    customerId,
    partyId: party.id,
    person: keyOf(party),
    contactPointId: point?.id ?? null,
    address: point === undefined ? sent : file.addresses.get(point.id)!,
    place: point?.place ?? (point?.line === 'work' ? 'work' : null),
  };
}

/** Whom contacts with the debtor are counted for, under whatever party id. */
export const DEBTOR = 'debtor';

export function keyOf({ id, role }: SimulatedFile['profile']['parties'][number]): string {
  return role === 'debtor' ? DEBTOR : `party ${id}`;
}

/** The contact point that is named, or that has the address: the addressed party's first. */
function pointOf(
  { profile, addresses }: SimulatedFile,
  contactPointId: string | undefined,
  address: string | null,
  partyId: string,
): ProfilePoint | undefined {
  if (contactPointId !== undefined) return profile.points.find(({ id }) => id === contactPointId);
  const same = profile.points.filter(({ id }) => addresses.get(id) === address);
  return same.find(({ party }) => party === partyId) ?? same[0];
}
