import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompiledPack } from '../../src/rules/contact/compile.ts';
import { evaluate, type Finding, type Verdict } from '../../src/rules/contact/evaluate.ts';
import type { ContactEvent, ContactFacts } from '../../src/rules/contact/facts.ts';
import { DAY, SECOND } from '../../src/rules/time/zone.ts';
import { clockRules, contactAround, rules, situation } from './arbitraries.ts';
import { facts, ms, packOf, refusals, ruleOf } from './builders.ts';

const HORIZON = 400 * DAY;
const never = Number.POSITIVE_INFINITY;
const pack = rules.map((list) => packOf(list));
const fractions = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 6,
  maxLength: 6,
});
const permittedAt = (packs: readonly CompiledPack[], given: ContactFacts, at: number) =>
  evaluate(packs, given, at).permitted;

/** Instants at which something may change: where single rules open after instants spread over the horizon. */
function turningPoints(
  packs: readonly CompiledPack[],
  given: ContactFacts,
  from: number,
  to: number,
  spread: readonly number[],
): number[] {
  const starts = [from, ...spread.map((fraction) => Math.floor(from + fraction * (to - from)))];
  const opens = packs.flatMap(({ rules: list }) =>
    list.flatMap((rule) => starts.map((start) => rule.earliest(given, start))),
  );
  return [...starts, ...opens].filter((point) => point >= from && point < to);
}

/** A verdict as it would be stored. */
function bytes(verdict: Verdict): string {
  const finding = ({ rule, code, permittedFrom, limit }: Finding) => ({
    ruleId: rule.spec.id,
    code,
    permittedFrom,
    limit,
  });
  const { reasons, warnings, packs, obligations, nextPermittedBecause, ...rest } = verdict;
  return JSON.stringify({
    ...rest,
    nextPermittedBecause: nextPermittedBecause.map(({ spec }) => spec.id),
    packs: packs.map(({ id }) => id),
    reasons: reasons.map(finding),
    warnings: warnings.map(finding),
    obligations: obligations.map(({ spec }) => spec.code),
  });
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}

describe('nextPermittedAt, for any rules and facts', () => {
  it('is permitted, and denied one second before, one millisecond before and at every instant since now', () => {
    fc.assert(
      fc.property(pack, situation, fractions, (given, [at, known], spread) => {
        const { permitted, nextPermittedAt: next } = evaluate([given], known, at);
        expect(permitted).toBe(next === at);
        if (next === null) return;
        expect(permittedAt([given], known, next)).toBe(true);
        const before = [next - 1, next - SECOND, ...turningPoints([given], known, at, next, spread)];
        for (const point of before) if (point >= at) expect(permittedAt([given], known, point)).toBe(false);
      }),
      { numRuns: 120 },
    );
  });

  it('is null only when no instant of the next four hundred days is permitted', () => {
    fc.assert(
      fc.property(pack, situation, fractions, (given, [at, known], spread) => {
        if (evaluate([given], known, at).nextPermittedAt !== null) return;
        for (const point of turningPoints([given], known, at, at + HORIZON, spread)) {
          expect(permittedAt([given], known, point)).toBe(false);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('is as exact for each rule that is reported alone', () => {
    fc.assert(
      fc.property(pack, situation, (given, [at, known]) => {
        for (const { rule, permittedFrom } of evaluate([given], known, at).reasons) {
          if (permittedFrom === null) continue;
          expect(permittedFrom).toBeGreaterThan(at);
          expect(rule.earliest(known, permittedFrom)).toBe(permittedFrom);
          expect(rule.earliest(known, permittedFrom - 1)).toBe(permittedFrom);
        }
      }),
      { numRuns: 120 },
    );
  });
});

describe('hours where the person lives', () => {
  const hours = { kind: 'hours', zone: 'person', windows: [{ from: '08:00', to: '09:00' }], consent: false } as const;
  const nextIn = (...zones: string[]) =>
    evaluate([packOf([ruleOf(hours)])], facts({ zones }), ms('2026-11-23T07:30:00Z')).nextPermittedAt;

  it('are met in every zone the person may be in', () => {
    expect(nextIn('Europe/London')).toBe(ms('2026-11-23T08:00:00Z'));
    expect(nextIn('Europe/London', 'Europe/Paris')).toBeNull();
  });

  it('that meet only in the summer of one of two zones open with it', () => {
    expect(nextIn('Europe/London', 'Africa/Lagos')).toBe(ms('2027-03-28T08:00:00+01:00'));
  });

  it('are never met when no zone is known', () => expect(nextIn()).toBeNull());
});

/** A contact that is made with the person; what the person does itself, such as an offer to pay, may permit more. */
const outboundAround = (at: number) =>
  contactAround(at).map(({ offeredToPay: _, ...event }) => ({ ...event, direction: 'outbound' as const }));

/** The same change to every list of contacts. */
function mapEvents(
  known: ContactFacts,
  change: (list: readonly ContactEvent[], name: string) => readonly ContactEvent[],
) {
  const events = Object.entries(known.events).map(([name, list]) => [name, change(list, name)]);
  return { ...known, events: Object.fromEntries(events) as unknown as ContactFacts['events'] };
}

describe('for any rules and facts', () => {
  const nextOf = (verdict: Verdict) => verdict.nextPermittedAt ?? never;

  it('one more contact with the person or the number never permits more', () => {
    const more = situation.chain(([at, known]) => fc.tuple(fc.constant(at), fc.constant(known), outboundAround(at)));
    fc.assert(
      fc.property(pack, more, fc.constantFrom('person', 'number'), (given, [at, known, event], list) => {
        const added = [...known.events[list], event].sort((a, b) => a.at - b.at);
        const after = evaluate([given], { ...known, events: { ...known.events, [list]: added } }, at);
        const before = evaluate([given], known, at);
        expect(after.permitted && !before.permitted).toBe(false);
        expect(nextOf(after)).toBeGreaterThanOrEqual(nextOf(before));
        expect(refusals(after)).toEqual(expect.arrayContaining(refusals(before)));
      }),
      { numRuns: 150 },
    );
  });

  it('one more pack never permits more, and takes no reason away', () => {
    fc.assert(
      fc.property(pack, rules, situation, (given, added, [at, known]) => {
        const before = evaluate([given], known, at);
        const after = evaluate([given, packOf(added, 'added')], known, at);
        expect(after.permitted && !before.permitted).toBe(false);
        expect(nextOf(after)).toBeGreaterThanOrEqual(nextOf(before));
        expect(refusals(after).slice(0, before.reasons.length)).toEqual(refusals(before));
      }),
      { numRuns: 120 },
    );
  });

  it('the order of the packs changes the order of the reasons and nothing else', () => {
    fc.assert(
      fc.property(pack, rules, situation, (given, others, [at, known]) => {
        const other = packOf(others, 'other');
        const [one, two] = [evaluate([given, other], known, at), evaluate([other, given], known, at)];
        const sums = (verdict: Verdict) => [verdict.permitted, verdict.nextPermittedAt, verdict.closesAt];
        expect(sums(two)).toEqual(sums(one));
        const named = ({ reasons, warnings, limits, nextPermittedBecause }: Verdict) =>
          [
            ...[...reasons, ...warnings].map(
              ({ rule, permittedFrom }) => `${rule.pack.id} ${rule.spec.id} ${permittedFrom}`,
            ),
            ...limits.map(({ ruleId, used, max }) => `${ruleId} ${used} ${max}`),
            ...nextPermittedBecause.map((rule) => `${rule.pack.id} ${rule.spec.id}`),
          ].sort();
        expect(named(two)).toEqual(named(one));
      }),
      { numRuns: 120 },
    );
  });

  it('the order of the rules changes the order of the reasons and nothing else', () => {
    const shuffled = rules.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, situation, ([list, others], [at, known]) => {
        const [one, two] = [evaluate([packOf(list)], known, at), evaluate([packOf(others)], known, at)];
        expect([two.permitted, two.nextPermittedAt, two.closesAt]).toEqual([
          one.permitted,
          one.nextPermittedAt,
          one.closesAt,
        ]);
        expect(refusals(two).sort()).toEqual(refusals(one).sort());
        expect(refusals(two)).toEqual(others.map(({ id }) => id).filter((id) => refusals(one).includes(id)));
      }),
      { numRuns: 120 },
    );
  });

  it('contacts of the same instant may come in any order', () => {
    fc.assert(
      fc.property(pack, situation, (given, [at, known]) => {
        const other = mapEvents(known, (list) => list.toReversed().sort((a, b) => a.at - b.at));
        const [one, two] = [evaluate([given], known, at), evaluate([given], other, at)];
        expect([two.permitted, two.nextPermittedAt, refusals(two)]).toEqual([
          one.permitted,
          one.nextPermittedAt,
          refusals(one),
        ]);
      }),
      { numRuns: 120 },
    );
  });

  it('contacts from before `countsSince`, which are not read, would change nothing', () => {
    fc.assert(
      fc.property(pack, situation, (given, [at, known]) => {
        const { channel, purpose } = known.request;
        const since = given.countsSince(
          { channel, purpose, carrier: known.request.carrier ?? null, debtor: known.party.role === 'debtor' },
          at,
        );
        const read = mapEvents(known, (list, name) => {
          const from = name === 'debtor' ? since.debtorMs : since.ms;
          return list.filter((event) => event.at > from);
        });
        expect(bytes(evaluate([given], read, at))).toBe(bytes(evaluate([given], known, at)));
      }),
      { numRuns: 150 },
    );
  });

  it('the facts as they are stored give the same bytes again, and asking changes nothing', () => {
    fc.assert(
      fc.property(pack, situation, (given, [at, known]) => {
        const first = bytes(evaluate([given], frozen(known), at));
        expect(bytes(evaluate([given], known, at))).toBe(first);
        expect(bytes(evaluate([given], JSON.parse(JSON.stringify(known)) as ContactFacts, at))).toBe(first);
      }),
      { numRuns: 120 },
    );
  });
});

describe('closesAt, for rules that follow the clock and directives', () => {
  it('is the first instant that is not permitted any more, or null when there is none', () => {
    fc.assert(
      fc.property(clockRules, situation, fractions, (list, [at, known], spread) => {
        const given = packOf(list);
        const { permitted, closesAt } = evaluate([given], known, at);
        if (!permitted) {
          expect(closesAt).toBeNull();
          return;
        }
        const end = closesAt ?? at + HORIZON;
        for (const fraction of spread) {
          expect(permittedAt([given], known, Math.min(end - 1, Math.floor(at + fraction * (end - at))))).toBe(true);
        }
        if (closesAt === null) return;
        expect(closesAt).toBeGreaterThan(at);
        expect(permittedAt([given], known, closesAt - 1)).toBe(true);
        expect(permittedAt([given], known, closesAt)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});

describe('without any pack', () => {
  it('nothing is ever permitted', () => {
    fc.assert(
      fc.property(situation, ([at, known]) => {
        const { permitted, nextPermittedAt, closesAt } = evaluate([], known, at);
        expect([permitted, nextPermittedAt, closesAt]).toEqual([false, null, null]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a rule that only warns', () => {
  it('is reported with its limit and refuses nothing', () => {
    const cap = {
      kind: 'cap',
      scope: 'person',
      max: 0,
      window: { kind: 'day' },
      count: { channels: ['voice'], outcomes: [], directions: [] },
    } as const;
    const verdict = evaluate([packOf([ruleOf(cap, { effect: 'warn' })])], facts(), 0);
    expect(verdict.permitted).toBe(true);
    expect(verdict.reasons).toEqual([]);
    expect(verdict.warnings.map(({ permittedFrom, limit }) => [permittedFrom, limit?.max])).toEqual([[null, 0]]);
  });
});
