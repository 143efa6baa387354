import { renderAnswer, storedAnswer } from '../contact/answer.ts';
import { type Asked, atOf, judge, questionOf } from '../contact/judge.ts';
import { type DecidingPolicy, pinned } from '../contact/pin.ts';
import type { Profile } from '../contact/profile.ts';
import { foundAmong, householdOf } from '../contact/recount.ts';
import type { PermissionAnswer } from '../contact/schemas.ts';
import { collectorOf } from '../contact/service.ts';
import { type Ctx, requireScope } from '../context.ts';
import { newId } from '../ids.ts';
import type { Simulation } from './schemas.ts';
import { type SimulatedContacts, simulatedContacts } from './simulated-contacts.ts';
import { simulatedFile } from './simulated-file.ts';
import { DEBTOR, keyOf, subjectOf } from './simulated-subject.ts';
import { within } from './within.ts';

/** A simulation at an instant of its own may tell of what lies ahead of the clock. */
const ANY_TIME = Temporal.Instant.from('2099-12-31T00:00:00Z');

/**
 * The answer that a check would get, were all this on file; nothing of it is stored or logged. Throws what the operations
 * that store customers, accounts, directives and attempts throw, with pointers into the whole.
 */
export async function simulateContact(ctx: Ctx, input: Simulation): Promise<PermissionAnswer> {
  requireScope(ctx, 'contact:check');
  const policy = policyOf(ctx, input);
  const { at } = input.request;
  const clock =
    at === undefined ? { now: ctx.now, latest: ctx.now } : { now: Temporal.Instant.from(at), latest: ANY_TIME };
  const file = simulatedFile(ctx, input, clock);
  const simulated = simulatedContacts(ctx, input, file, clock);
  return within('/request', () => {
    const { customerId } = input.customer;
    const request = { ...input.request, mode: 'check' as const };
    const asked: Asked = {
      request,
      collector: collectorOf(ctx, request.collector),
      nowMs: ctx.now.epochMilliseconds,
    };
    const subject = subjectOf(ctx, file, customerId, request);
    const profile = withWrongNumbers(file.profile, customerId, simulated);
    const isDebtor = subject.person === DEBTOR;
    const reach = policy.reach(profile.jurisdictions, { ...questionOf(asked), debtor: isDebtor });
    const subjects = { ...subject, debtor: DEBTOR, household: householdOf(profile, keyOf) };
    const on = { profile, contactPointId: subject.contactPointId };
    const judged = judge(policy, asked, foundAmong(simulated.contacts, subjects, on, reach, atOf(asked)));
    const answer = storedAnswer(judged, { decisionId: newId('dec', asked.nowMs), reservationId: null });
    return renderAnswer(answer, ctx.policy, ctx.language);
  });
}

function policyOf({ policy }: Ctx, { policyVersions }: Simulation): DecidingPolicy {
  if (policyVersions === undefined) return policy;
  const pointers = policyVersions.map((_, index) => `/policyVersions/${index}`);
  return pinned(policy, policyVersions, pointers);
}

function withWrongNumbers(profile: Profile, customerId: string, { wrongSince }: SimulatedContacts): Profile {
  if (wrongSince.size === 0) return profile;
  const points = profile.points.map((point) => {
    const since = wrongSince.get(`${customerId}/${point.id}`);
    return since === undefined ? point : { ...point, wrongSince: since.epochMilliseconds };
  });
  return { ...profile, points };
}
