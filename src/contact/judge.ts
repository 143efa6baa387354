import type { InForce, PolicyRegistry } from '../policy/registry.ts';
import { HORIZON_MS } from '../rules/contact/caps.ts';
import type { CompiledPack, Question } from '../rules/contact/compile.ts';
import { evaluate, type Timeline, type Verdict } from '../rules/contact/evaluate.ts';
import type { ContactEvent, ContactFacts } from '../rules/contact/facts.ts';
import { type Collector, type Found, factsOf } from './facts.ts';
import type { PermissionRequest } from './schemas.ts';

/** What is asked, by whom, at which one instant: all that a decision needs beside what is on file. */
export interface Asked {
  readonly request: PermissionRequest;
  readonly collector: Collector;
  readonly nowMs: number;
}

/** The instant that is asked about. */
export function atOf(ask: Pick<Asked, 'request' | 'nowMs'>): number {
  return ask.request.at === undefined ? ask.nowMs : Temporal.Instant.from(ask.request.at).epochMilliseconds;
}

/** The kind of question, as far as it decides which contacts are read. */
export const questionOf = ({ request, collector }: Pick<Asked, 'request' | 'collector'>): Omit<Question, 'debtor'> => ({
  channel: request.channel,
  purpose: request.purpose,
  carrier: collector.carrier ?? null,
});

/** The facts of one question with what the packs say of them, and what those in shadow would have said. */
export interface Judged {
  readonly facts: ContactFacts;
  readonly verdict: Verdict;
  readonly shadow: readonly { readonly pack: CompiledPack; readonly verdict: Verdict }[];
  /** The versions that decide now or later, and those in shadow. */
  readonly ahead: readonly CompiledPack[];
}

/** Decides one question from what was found: pure from here on. */
export function judge(policy: Pick<PolicyRegistry, 'inForceAt'>, ask: Asked, found: Found): Judged {
  const at = atOf(ask);
  const all = factsOf(ask.request, ask.collector, found, at);
  const inForceAt = (ms: number) => policy.inForceAt(all.jurisdictions, ms);
  const { shadow } = inForceAt(at);
  const question = { ...questionOf(ask), debtor: all.party.role === 'debtor' };
  const ahead = packsAhead(inForceAt, at).concat(shadow);
  const facts = withoutOld(all, ahead, question, at);
  return { facts, ahead, ...judgeFacts(policy, facts, at) };
}

/** What the packs say of facts at an instant. */
export function judgeFacts(
  policy: Pick<PolicyRegistry, 'inForceAt'>,
  facts: ContactFacts,
  at: number,
): Pick<Judged, 'verdict' | 'shadow'> {
  return {
    verdict: evaluate(timelineOf(policy, facts), facts, at),
    shadow: policy
      .inForceAt(facts.jurisdictions, at)
      .shadow.filter((pack) => pack.applicable(facts) !== null)
      .map((pack) => ({ pack, verdict: evaluate([pack], facts, at) })),
  };
}

/** The packs that decide for the customer of the facts; none where one of the jurisdictions has none. */
export function timelineOf(policy: Pick<PolicyRegistry, 'inForceAt'>, { jurisdictions }: ContactFacts): Timeline {
  return (ms) => {
    const { packs, until, known } = policy.inForceAt(jurisdictions, ms);
    return { packs: known ? packs : [], until };
  };
}

/** The versions that decide at `at` or later, as far ahead as an opening is looked for. */
function packsAhead(inForceAt: (ms: number) => InForce, at: number): CompiledPack[] {
  const packs: CompiledPack[] = [];
  for (let ms = at; ms - at <= HORIZON_MS; ) {
    const { packs: decide, until } = inForceAt(ms);
    packs.push(...decide);
    ms = until;
  }
  return packs;
}

/** Leaves out contacts that count nowhere any more, so that what is stored and read again stays small. */
export function withoutOld(
  facts: ContactFacts,
  packs: readonly CompiledPack[],
  question: Question,
  at: number,
): ContactFacts {
  const since = packs.map((pack) => pack.countsSince(question, at));
  const ms = Math.min(at, ...since.map((reach) => reach.ms));
  const debtorMs = Math.min(at, ...since.map((reach) => reach.debtorMs));
  const after = (events: readonly ContactEvent[], from: number) =>
    events.length === 0 || events[0]!.at > from ? events : events.filter((event) => event.at > from);
  const { person, number, debtor, household } = facts.events;
  return {
    ...facts,
    events: {
      person: after(person, ms),
      number: after(number, ms),
      debtor: after(debtor, debtorMs),
      ...(household && { household: after(household, ms) }),
    },
  };
}
