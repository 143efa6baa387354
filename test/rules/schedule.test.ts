import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, type Timeline } from '../../src/rules/contact/evaluate.ts';
import type { CapWindow } from '../../src/rules/contact/policy.ts';
import { budgetsAt, scheduleOf, withContact } from '../../src/rules/contact/schedule.ts';
import { DAY, HOUR, MINUTE } from '../../src/rules/time/zone.ts';
import { rules, situation } from './arbitraries.ts';
import { cn, contact, directive, events, facts, packOf, ruleOf } from './builders.ts';
import { shipped } from './shipped.ts';

const alone = (...packs: ReturnType<typeof packOf>[]): Timeline => {
  return () => ({ packs, until: Number.POSITIVE_INFINITY });
};
const calls = { channels: ['voice'], outcomes: ['no_answer', 'conversation'], directions: ['outbound'] } as const;
const capOf = (window: CapWindow, max = 3) =>
  alone(packOf([ruleOf({ kind: 'cap', scope: 'person', count: calls, window, max })]));
const plan = (contacts: number, days: number, from: number) => ({
  contacts,
  until: from + days * DAY,
  apartMs: MINUTE,
});

describe('a schedule', () => {
  it('is permitted one contact after the other, each at its first chance, for any rules and facts', () => {
    fc.assert(
      fc.property(rules, situation, fc.integer({ min: 1, max: 8 }), (list, [at, given], contacts) => {
        const policy = alone(packOf(list));
        const instants = scheduleOf(policy, given, at, plan(contacts, 20, at));
        let known = given;
        let earliest = at;
        for (const [index, instant] of instants.entries()) {
          expect(evaluate(policy, known, instant).permitted).toBe(true);
          if (instant > earliest) expect(evaluate(policy, known, instant - 1).permitted).toBe(false);
          expect(instant).toBeGreaterThanOrEqual(earliest);
          known = withContact(known, instant, `planned-${index + 1}`);
          earliest = instant + MINUTE;
        }
        if (instants.length < contacts) {
          const next = evaluate(policy, known, earliest).nextPermittedAt;
          expect(next === null || next >= at + 20 * DAY).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the gap and the hours of the Chinese pack', () => {
    const { compiled } = shipped('cn-credit-card@2026-02-01');
    const from = cn('2026-11-23T20:50:00');
    const instants = scheduleOf(alone(compiled), facts(), from, plan(4, 2, from));
    expect(instants).toEqual([from, from + 30 * MINUTE, from + HOUR, cn('2026-11-24T08:00:00')]);
  });

  it('answers a message once', () => {
    const hold = ruleOf({ kind: 'hold', directive: 'cease', about: 'party' }, { unless: ['reply'] });
    const given = facts({
      request: { purpose: 'respond', reply: { attemptId: 'x', known: true, answered: false } },
      directives: [directive('cease')],
    });
    const from = cn('2026-11-23T10:00:00');
    expect(scheduleOf(alone(packOf([hold])), given, from, plan(3, 2, from))).toEqual([from]);
  });

  it('is empty when nothing is permitted, and ends before its end', () => {
    const from = cn('2026-11-23T10:00:00');
    const never = alone(packOf([ruleOf({ kind: 'known_account' })]));
    expect(scheduleOf(never, facts({ accounts: [] }), from, plan(3, 2, from))).toEqual([]);
    const gap = alone(packOf([ruleOf({ kind: 'gap', scope: 'person', after: calls, minutes: 24 * 60 })]));
    expect(scheduleOf(gap, facts(), from, plan(9, 2, from))).toEqual([from, from + DAY]);
  });
});

describe('what remains of a cap', () => {
  const at = cn('2026-11-25T12:00:00');
  const given = facts({
    events: events([contact(cn('2026-11-24T09:00:00')), contact(cn('2026-11-25T10:00:00'), 'conversation')]),
  });
  const returning = (window: CapWindow, max?: number) =>
    budgetsAt(capOf(window, max), given, at).map(({ used, remaining, slotsReturnAt }) => ({
      used,
      remaining,
      slotsReturnAt,
    }));

  it.each<[CapWindow, { used: number; slotsReturnAt: number[] }]>([
    [{ kind: 'day' }, { used: 1, slotsReturnAt: [cn('2026-11-26T00:00:00')] }],
    [{ kind: 'week' }, { used: 2, slotsReturnAt: [cn('2026-11-30T00:00:00'), cn('2026-11-30T00:00:00')] }],
    [
      { kind: 'rolling_days', days: 7 },
      { used: 2, slotsReturnAt: [cn('2026-12-01T00:00:00'), cn('2026-12-02T00:00:00')] },
    ],
    [
      { kind: 'rolling', minutes: 48 * 60 },
      { used: 2, slotsReturnAt: [cn('2026-11-26T09:00:00'), cn('2026-11-27T10:00:00')] },
    ],
    [
      { kind: 'anchored', minutes: 48 * 60 },
      { used: 2, slotsReturnAt: [cn('2026-11-26T09:00:00'), cn('2026-11-26T09:00:00')] },
    ],
    [{ kind: 'ever' }, { used: 2, slotsReturnAt: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] }],
  ])('returns slot by slot: %o', (window, { used, slotsReturnAt }) => {
    expect(returning(window)).toEqual([{ used, remaining: 3 - used, slotsReturnAt }]);
  });

  it('is nothing when the cap is full or more than full', () => {
    expect(returning({ kind: 'ever' }, 1)).toMatchObject([{ used: 2, remaining: 0 }]);
  });

  it('is what the engine counts at every later instant, for any rules and facts', () => {
    fc.assert(
      fc.property(rules, situation, fc.array(fc.integer({ min: 1, max: 40 * 24 * 4 })), (list, [at, given], later) => {
        const past = <T extends { at: number }>(contacts: readonly T[]) => contacts.filter((one) => one.at <= at);
        const { person, number, debtor } = given.events;
        const known = { ...given, events: { person: past(person), number: past(number), debtor: past(debtor) } };
        for (const { rule, used, slotsReturnAt } of budgetsAt(alone(packOf(list)), known, at)) {
          expect(slotsReturnAt).toHaveLength(used);
          for (const instant of later.map((quarters) => at + quarters * 15 * MINUTE).concat(slotsReturnAt)) {
            if (instant === Number.POSITIVE_INFINITY) continue;
            const returned = slotsReturnAt.filter((slot) => slot <= instant).length;
            expect(rule.limit?.(known, instant)?.used).toBe(used - returned);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
