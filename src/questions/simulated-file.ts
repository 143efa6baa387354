import { accountPolicyAt } from '../accounts/policy.ts';
import { normaliseAccount } from '../accounts/record.ts';
import type { Profile, ProfileAccount, ProfileDirective, ProfilePoint } from '../contact/profile.ts';
import type { Ctx } from '../context.ts';
import { type NormalisedCustomer, normaliseCustomer } from '../customers/record.ts';
import { checkPeriod } from '../directives/service.ts';
import { type FieldError, notFound, unprocessableFields } from '../errors.ts';
import { epochMs } from '../validation.ts';
import type { SimulatedPlan, Simulation } from './schemas.ts';
import { within } from './within.ts';

/** A customer as the tables would hold it, of what a simulation was sent. */
export interface SimulatedFile {
  readonly profile: Profile;
  /** The blind index of each contact point's address, by its id. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** When a simulation plays: at `now`, and nothing that it is told may be later than `latest`. */
export interface SimulatedClock {
  readonly now: Temporal.Instant;
  readonly latest: Temporal.Instant;
}

/**
 * Normalises and checks customer, accounts, plans and directives as the operations that store them do. Throws
 * UNPROCESSABLE, PHONE_INVALID and NOT_FOUND.
 */
export function simulatedFile(ctx: Ctx, input: Simulation, { now, latest }: SimulatedClock): SimulatedFile {
  const { customer, errors } = normaliseCustomer(input.customer, latest);
  refuse('/customer', errors);
  const points = pointsOf(customer);
  const { zone } = accountPolicyAt(ctx.policy, now);
  const accounts = accountsOf(input, (account) => normaliseAccount(account, zone, latest).errors);
  const known: Omit<Profile, 'directives'> = {
    jurisdictions: customer.jurisdictions,
    timeZones: customer.timeZones,
    ...(customer.region === null ? {} : { region: customer.region }),
    parties: customer.parties.map(({ partyId, role }) => ({ id: partyId, role })),
    points,
    accounts,
  };
  const addresses = customer.parties.flatMap(({ contactPoints }) =>
    contactPoints.map(
      ({ contactPointId, kind, value }) => [contactPointId, ctx.vault.index(kind, value).toString('hex')] as const,
    ),
  );
  return { profile: { ...known, directives: directivesOf(input, known, now) }, addresses: new Map(addresses) };
}

function refuse(pointer: string, errors: readonly FieldError[]): void {
  if (errors.length > 0)
    within(pointer, () => {
      throw unprocessableFields(errors);
    });
}

/** In the order in which a number is looked up: by their places with their parties. */
function pointsOf({ parties }: NormalisedCustomer): ProfilePoint[] {
  const points = parties.flatMap(({ partyId, contactPoints }) =>
    contactPoints.map((point, position) => ({
      position,
      point: {
        id: point.contactPointId,
        party: partyId,
        kind: point.kind,
        status: point.status,
        ...(point.line === null ? {} : { line: point.line }),
        ...(point.place === null ? {} : { place: point.place }),
        ...(point.timeZones.length === 0 ? {} : { zones: point.timeZones }),
        ...(point.verifiedOn === null ? {} : { verifiedOn: point.verifiedOn }),
        ...(point.provenance === null ? {} : { provenance: provenanceOf(point.provenance) }),
      } satisfies ProfilePoint,
    })),
  );
  return points.sort((a, b) => a.position - b.position || (a.point.id < b.point.id ? -1 : 1)).map(({ point }) => point);
}

type Provenance = NonNullable<Simulation['customer']['parties'][number]['contactPoints'][number]['provenance']>;

function provenanceOf({ source, noticeSentOn, optOutBy }: Provenance): NonNullable<ProfilePoint['provenance']> {
  return {
    source,
    ...(noticeSentOn === null ? {} : { noticeSentOn }),
    ...(optOutBy === null ? {} : { optOutBy }),
  };
}

type Accounts = Simulation['accounts'];

function accountsOf(
  input: Simulation,
  errorsOf: (account: Accounts[number]) => readonly FieldError[],
): ProfileAccount[] {
  const plans = plansOf(input);
  input.accounts.forEach((account, index) => {
    const pointer = `/accounts/${index}`;
    refuse(pointer, errorsOf(account));
    if (account.customerId !== input.customer.customerId) throw notFound(`${pointer}/customerId`, 'customer');
    refuseRepeat(input.accounts, 'accountId', index, pointer);
  });
  return input.accounts
    .map((account) => {
      const plan = plans.get(account.accountId);
      return {
        id: account.accountId,
        status: account.status,
        ...(account.pastDueSince === null ? {} : { pastDueSince: account.pastDueSince }),
        ...(account.debtGroupId === null ? {} : { group: account.debtGroupId }),
        ...(account.inCollectionProcedures === null ? {} : { procedures: account.inCollectionProcedures }),
        ...(plan === undefined ? {} : { plan: { type: plan.type, status: plan.status } }),
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function refuseRepeat<K extends string>(
  list: readonly { readonly [key in K]?: string | undefined }[],
  key: K,
  index: number,
  pointer: string,
): void {
  const id = list[index]![key];
  if (id === undefined || list.findIndex((one) => one[key] === id) === index) return;
  refuse(pointer, [{ pointer: `/${key}`, code: 'DUPLICATE', message: 'Another one has this id.' }]);
}

/** Of several plans of an account the one in force, else the newest. */
function plansOf({ plans, accounts }: Simulation): ReadonlyMap<string, SimulatedPlan> {
  const inForce = ({ status }: SimulatedPlan) => Number(status === 'agreed' || status === 'active');
  plans.forEach((plan, index) => {
    if (!accounts.some(({ accountId }) => accountId === plan.accountId))
      throw notFound(`/plans/${index}/accountId`, 'account of this customer');
    refuseRepeat(plans, 'planId', index, `/plans/${index}`);
  });
  const ordered = plans.toSorted((a, b) => inForce(a) - inForce(b) || (a.agreedOn < b.agreedOn ? -1 : 1));
  return new Map(ordered.map((plan) => [plan.accountId, plan]));
}

function directivesOf(
  { directives }: Simulation,
  { parties, points, accounts }: Omit<Profile, 'directives'>,
  now: Temporal.Instant,
): ProfileDirective[] {
  const exists = (list: readonly { readonly id: string }[], id: unknown, pointer: string, what: string) => {
    if (id != null && !list.some((one) => one.id === id)) throw notFound(pointer, what);
  };
  const made = directives.map((directive, index): ProfileDirective => {
    const pointer = `/directives/${index}`;
    const { directiveId, kind, partyId, contactPointId, accountId, channel, until, details } = directive;
    const from = directive.from ?? now.toString();
    within(pointer, () => checkPeriod(from, until));
    exists(parties, partyId, `${pointer}/partyId`, 'party');
    exists(points, contactPointId, `${pointer}/contactPointId`, 'contact point');
    exists(accounts, accountId, `${pointer}/accountId`, 'account of this customer');
    exists(parties, details.lawyerPartyId, `${pointer}/details/lawyerPartyId`, 'party');
    refuseRepeat(directives, 'directiveId', index, pointer);
    return {
      id: directiveId ?? `directive-${index}`,
      kind,
      ...(partyId === null ? {} : { party: partyId }),
      ...(contactPointId === null ? {} : { point: contactPointId }),
      ...(accountId === null ? {} : { account: accountId }),
      ...(channel === null ? {} : { channel }),
      from: epochMs(from),
      ...(until === null ? {} : { until: epochMs(until) }),
      details,
    };
  });
  return made.sort((a, b) => (a.id < b.id ? -1 : 1));
}
