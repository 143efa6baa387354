import { localDay, startOfDay } from '../time/zone.ts';
import { NEVER } from './caps.ts';
import type { Behaviour } from './compile.ts';
import { concernsDebt } from './directives.ts';
import type { ContactFacts, DirectiveFacts } from './facts.ts';
import type { PackSpec, RuleSpec } from './policy.ts';

/** Rules about where an address comes from and how long ago it was known to be the person's (12 CFR 1006.6(d)). */

type SourceRule = Extract<RuleSpec, { kind: 'address_source' }>;
type VerifiedRule = Extract<RuleSpec, { kind: 'verified_within' }>;

/** Consents of the person to this collector for this very channel or address. */
function consentsTo(facts: ContactFacts): readonly DirectiveFacts[] {
  return facts.directives.filter(
    (directive) =>
      directive.kind === 'call_consent' &&
      (directive.channel !== null || directive.contactPointId !== null) &&
      (directive.collectorId === null || directive.collectorId === facts.request.collectorId) &&
      concernsDebt(directive, facts, null),
  );
}

/** Messages that the person has sent from the address. */
function messagesFrom(facts: ContactFacts): readonly number[] {
  const { channel } = facts.request;
  return facts.events.number
    .filter((event) => event.direction === 'inbound' && event.channel === channel)
    .map(({ at }) => at);
}

/**
 * The address comes from a source the pack accepts: from the creditor only after a notice that left `noticeDays` to opt
 * out, when that time is over. An address from which the person has written, or for which it has consented, is accepted.
 */
export function addressSourceRule(rule: SourceRule, pack: PackSpec): Behaviour {
  const fromSource = (facts: ContactFacts, ms: number): number => {
    const provenance = facts.contactPoint?.provenance;
    if (facts.contactPoint === null) return ms;
    const accepted = rule.accept.find(({ source }) => source === provenance?.source);
    if (provenance === undefined || accepted === undefined) return NEVER;
    if (accepted.noticeDays === undefined) return ms;
    const { noticeSentDay, optOutByDay } = provenance;
    if (noticeSentDay === undefined || optOutByDay === undefined) return NEVER;
    if (optOutByDay < noticeSentDay + accepted.noticeDays) return NEVER;
    return Math.max(ms, startOfDay(pack.zone, optOutByDay + 1));
  };
  return {
    earliest: (facts, ms) => {
      const starts = consentsTo(facts)
        .map(({ from, until }) => ((until ?? NEVER) > Math.max(ms, from) ? Math.max(ms, from) : NEVER))
        .concat(messagesFrom(facts).map((at) => Math.max(ms, at)));
      return Math.min(fromSource(facts, ms), ...starts);
    },
    closes: (facts, ms) => {
      if (fromSource(facts, ms) === ms || messagesFrom(facts).some((at) => at <= ms)) return NEVER;
      return Math.max(
        ms,
        ...consentsTo(facts)
          .filter(({ from }) => from <= ms)
          .map(({ until }) => until ?? NEVER),
      );
    },
    lacksFacts: ({ contactPoint }) => contactPoint !== null && contactPoint.provenance === undefined,
  };
}

/**
 * Not more than `days` calendar days ago the number was checked, the person wrote from it, or consented. The last day is
 * the `days`th after it, in the pack's zone.
 */
export function verifiedWithinRule(rule: VerifiedRule, pack: PackSpec): Behaviour {
  /** Instants from which the number is known to be the person's. */
  const known = (facts: ContactFacts): number[] => {
    const { verifiedDay } = facts.contactPoint ?? {};
    const checked = verifiedDay === undefined ? [] : [startOfDay(pack.zone, verifiedDay)];
    return [...checked, ...messagesFrom(facts), ...consentsTo(facts).map(({ from }) => from)];
  };
  const endOf = (facts: ContactFacts, ms: number): number => {
    const last = Math.max(...known(facts).filter((at) => at <= ms));
    return last === Number.NEGATIVE_INFINITY ? last : startOfDay(pack.zone, localDay(pack.zone, last) + rule.days + 1);
  };
  return {
    earliest: (facts, ms) => {
      if (facts.contactPoint === null || ms < endOf(facts, ms)) return ms;
      return Math.min(NEVER, ...known(facts).filter((at) => at > ms));
    },
    closes: (facts, ms) => (facts.contactPoint === null ? NEVER : endOf(facts, ms)),
    lacksFacts: ({ contactPoint }) => contactPoint !== null && contactPoint.verifiedDay === undefined,
  };
}
