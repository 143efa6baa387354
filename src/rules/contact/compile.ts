import { DAY, MINUTE } from '../time/zone.ts';
import { behaviourOf } from './behaviours.ts';
import { countsFrom, NEVER, reachOf } from './caps.ts';
import type { Channel, ContactFacts, Purpose } from './facts.ts';
import type { CapWindow, Coverage, ObligationSpec, PackSpec, RuleSpec, Scope, When } from './policy.ts';

/** What a cap counted: `used` before this request, and the window in epoch milliseconds (see `Span`). */
export interface LimitState {
  readonly ruleId: string;
  readonly scope: Scope;
  /** The debt that is counted, for the scopes of debts: the one that has used most; null for the others. */
  readonly accountId: string | null;
  readonly used: number;
  readonly max: number;
  readonly windowFrom: number;
  readonly windowTo: number;
  readonly countedIds: readonly string[];
  /** When a slot returns: at the cap, when a contact is possible again; below it, when the oldest contact leaves. */
  readonly resetsAt: number | null;
}

/**
 * What a kind of rule does. `earliest` is the whole of it: the first instant at or after `ms` at which the rule lets
 * the contact happen if nothing else happens, so it permits at `ms` exactly when it returns `ms`; Infinity is never.
 */
export interface Behaviour {
  readonly earliest: (facts: ContactFacts, ms: number) => number;
  /** First instant after `ms` at which the rule stops permitting; absent when time alone never makes it refuse. */
  readonly closes?: (facts: ContactFacts, ms: number) => number;
  /** Null when there is nothing to count. */
  readonly limit?: (facts: ContactFacts, ms: number) => LimitState | null;
  /** True for a rule that says the same at every instant: it permits, or never will. */
  readonly timeless?: true;
  /** True when the rule refuses because it does not know what it would have to. */
  readonly lacksFacts?: (facts: ContactFacts) => boolean;
}

/** A rule ready to be asked. */
export interface CompiledRule extends Behaviour {
  readonly spec: RuleSpec;
  readonly pack: CompiledPack;
  readonly closes: (facts: ContactFacts, ms: number) => number;
}

export interface CompiledObligation {
  readonly spec: ObligationSpec;
  readonly pack: CompiledPack;
}

/** What of a pack applies to one kind of contact, in the order of the pack. */
export interface Applicable {
  readonly rules: readonly CompiledRule[];
  /** Those that refuse: the ones that say the same at every instant, and the others. */
  readonly timeless: readonly CompiledRule[];
  readonly timed: readonly CompiledRule[];
  /** Those that can stop permitting by the clock alone. */
  readonly closing: readonly CompiledRule[];
  readonly obligations: readonly CompiledObligation[];
}

/** How long before a question contacts can count, in milliseconds: of addressee, number and household; of the debtor. */
export interface Reach {
  readonly ms: number;
  readonly debtorMs: number;
}

/** The furthest of several; nothing is read where there is none. */
export function furthest(reaches: readonly Reach[]): Reach {
  return {
    ms: Math.max(0, ...reaches.map(({ ms }) => ms)),
    debtorMs: Math.max(0, ...reaches.map(({ debtorMs }) => debtorMs)),
  };
}

/** A kind of question, as far as it decides which contacts are read. */
export interface Question {
  readonly channel: Channel;
  readonly purpose: Purpose;
  readonly carrier: string | null;
  /** True when the debtor is addressed, false for anybody else. */
  readonly debtor: boolean;
}

export interface CompiledPack {
  readonly spec: PackSpec;
  /** `pack@version`, as it stands on every decision. */
  readonly id: string;
  readonly rules: readonly CompiledRule[];
  readonly ruleById: ReadonlyMap<string, CompiledRule>;
  readonly obligations: readonly CompiledObligation[];
  /** Null when the pack does not bind such a contact at all. */
  readonly applicable: (facts: ContactFacts) => Applicable | null;
  /** Upper bound of the time that is read, whoever is addressed. */
  readonly reach: (question: Question) => Reach;
  /** First instants from which a contact counts, or gives the debtor's as unreachable, at `ms` or later. */
  readonly countsSince: (question: Question, ms: number) => Reach;
}

const always = () => NEVER;

/** Compiles one version of a pack; pure and done once, when the version is loaded. */
export function compilePack(spec: PackSpec): CompiledPack {
  const rules: CompiledRule[] = [];
  const ruleById = new Map<string, CompiledRule>();
  const obligations: CompiledObligation[] = [];
  const readers = memoised(readingKey, (question: Question) => {
    const reading = readingRules(spec, question);
    return { reach: reachOfRules(reading, question), since: sinceOfRules(reading, question, spec.zone) };
  });
  const pack: CompiledPack = {
    spec,
    id: `${spec.pack}@${spec.version}`,
    rules,
    ruleById,
    obligations,
    applicable: compileApplicable(spec, rules, obligations),
    reach: (question) => readers(question).reach,
    countsSince: (question, ms) => readers(question).since(ms),
  };
  for (const rule of spec.rules) rules.push({ spec: rule, pack, closes: always, ...behaviourOf(rule, spec) });
  for (const rule of rules) ruleById.set(rule.spec.id, rule);
  for (const obligation of spec.obligations) obligations.push({ spec: obligation, pack });
  return pack;
}

const readingKey = ({ channel, purpose, carrier, debtor }: Question) =>
  `${channel} ${purpose} ${carrier ?? ''} ${debtor}`;

/** Questions come in few kinds; carriers and regions are named by callers, so what is remembered is bounded. */
const REMEMBERED_MAX = 10_000;

function memoised<T, R>(keyOf: (value: T) => string, work: (value: T) => R): (value: T) => R {
  const known = new Map<string, R>();
  return (value) => {
    const key = keyOf(value);
    let result = known.get(key);
    if (result === undefined) {
      result = work(value);
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.set(key, result);
    }
    return result;
  };
}

/** The rules that can read contacts for such a question. */
function readingRules({ rules, coverage }: PackSpec, { channel, purpose, carrier, debtor }: Question): RuleSpec[] {
  const asked = (when: Coverage) =>
    when.channels?.includes(channel) !== false &&
    when.purposes?.includes(purpose) !== false &&
    (when.carriers === undefined || (carrier !== null && when.carriers.includes(carrier)));
  const addressed = ({ roles }: When) => !debtor || roles === undefined || roles.includes('debtor');
  return asked(coverage) ? rules.filter(({ when }) => asked(when) && addressed(when)) : [];
}

function reachOfRules(rules: readonly RuleSpec[], { purpose, debtor }: Question): Reach {
  let ms = 0;
  let debtorMs = 0;
  for (const rule of rules) {
    switch (rule.kind) {
      case 'cap':
        ms = Math.max(ms, reachOf(rule.window) + (rule.consentDays ?? 0) * DAY);
        break;
      case 'gap':
        ms = Math.max(ms, rule.minutes * MINUTE);
        break;
      case 'cooldown':
        ms = Math.max(ms, reachOf({ kind: 'rolling_days', days: rule.days + (rule.consentDays ?? 0) }));
        break;
      case 'verified_within':
        ms = Math.max(ms, reachOf({ kind: 'rolling_days', days: rule.days + 1 }));
        break;
      case 'addressee':
        for (const { needs, roles } of rule.allow)
          if (needs && 'offerDays' in needs && (!debtor || roles.includes('debtor')))
            ms = Math.max(ms, needs.offerDays * DAY);
        break;
      case 'address_source':
      case 'confirmation':
        ms = NEVER;
        break;
      case 'debtor_unreachable':
        debtorMs = Math.max(debtorMs, rule.lookbackDays * DAY + 1);
        break;
    }
    // What is answered may be as old as it likes.
    if (purpose === 'respond' && rule.unless?.includes('reply')) ms = NEVER;
  }
  return { ms, debtorMs };
}

/** The same as instants, exact for calendar windows: a contact of yesterday does not count for a cap of today. */
function sinceOfRules(rules: readonly RuleSpec[], question: Question, zone: string): (ms: number) => Reach {
  const exact: CapWindow[] = [];
  const bounded: RuleSpec[] = [];
  for (const rule of rules) {
    if (rule.kind === 'cap' && rule.consentDays === undefined && rule.zone !== 'person' && !rule.unless)
      exact.push(rule.window);
    else bounded.push(rule);
  }
  const reach = reachOfRules(bounded, question);
  return (ms) => {
    let since = ms - reach.ms;
    // One millisecond earlier, because the first instant of a window counts and what is kept comes after `since`.
    for (const window of exact) since = Math.min(since, countsFrom(window, zone, ms) - 1);
    return { ms: since, debtorMs: ms - reach.debtorMs };
  };
}

/** `when` reads few closed lists, so what applies is worked out once for each of their combinations. */
function compileApplicable(
  spec: PackSpec,
  rules: readonly CompiledRule[],
  obligations: readonly CompiledObligation[],
): CompiledPack['applicable'] {
  const whens: When[] = [
    spec.coverage,
    ...spec.rules.map(({ when }) => when),
    ...spec.obligations.map(({ when }) => when),
  ];
  const named = (pick: (when: When) => readonly string[] | undefined) =>
    new Set(whens.flatMap((when) => pick(when) ?? []));
  const carriers = named((when) => when.carriers);
  const regions = named((when) => when.regions);
  const readsPlace = whens.some((when) => when.places !== undefined);
  const readsRingless = whens.some((when) => when.ringless !== undefined);
  const one = (names: ReadonlySet<string>, value: string | undefined) =>
    names.size > 0 && value !== undefined && names.has(value) ? value : '';
  const keyOf = ({ request, party, contactPoint, region }: ContactFacts) => {
    const common = `${request.channel} ${request.purpose} ${request.collectorKind} ${request.automated} ${party.role}`;
    const place = readsPlace ? (contactPoint?.place ?? 'other') : '';
    const ringless = readsRingless && request.ringless === true ? 'r' : '';
    return `${common} ${place} ${ringless} ${one(carriers, request.carrier)} ${one(regions, region)}`;
  };
  return memoised(keyOf, (facts: ContactFacts) => {
    if (!appliesTo(spec.coverage, facts)) return null;
    const applies = ({ spec: { when } }: { spec: { when: When } }) => appliesTo(when, facts);
    const own = rules.filter(applies);
    const binding = own.filter((rule) => rule.spec.effect === 'refuse');
    const closing = binding.filter((rule) => rule.closes !== always);
    return {
      rules: own,
      timeless: binding.filter((rule) => rule.timeless === true),
      timed: binding.filter((rule) => rule.timeless !== true),
      closing,
      obligations: obligations.filter(applies),
    };
  });
}

function appliesTo(when: When, { request, party, contactPoint, region }: ContactFacts): boolean {
  return (
    (when.channels?.includes(request.channel) ?? true) &&
    (when.purposes?.includes(request.purpose) ?? true) &&
    (when.roles?.includes(party.role) ?? true) &&
    (when.collectors?.includes(request.collectorKind) ?? true) &&
    (when.automated === undefined || when.automated === request.automated) &&
    (when.ringless === undefined || when.ringless === (request.ringless ?? false)) &&
    (when.carriers === undefined || (request.carrier !== undefined && when.carriers.includes(request.carrier))) &&
    (when.places?.includes(contactPoint?.place ?? 'other') ?? true) &&
    (when.regions === undefined || (region !== undefined && when.regions.includes(region)))
  );
}
