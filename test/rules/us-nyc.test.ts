import { describe, expect, it } from 'vitest';
import { loadPacks } from '../../src/policy/load.ts';
import { createRegistry } from '../../src/policy/registry.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import type { ContactEvent, Outcome } from '../../src/rules/contact/facts.ts';
import { deciding } from '../support/registry.ts';
import { directive, events } from './builders.ts';
import { customerOf, type Given, shipped } from './shipped.ts';

const AGENCY: Given = { request: { collectorKind: 'third_party', collectorId: 'agency-1' } };
const account = (accountId: string, given: object = {}) =>
  ({ accountId, status: 'open', pastDueDay: 20_000, ...given }) as const;

describe('New York City', () => {
  const registry = createRegistry(loadPacks());
  const { call, on, at, contact } = customerOf('America/New_York', shipped('us-nyc@2026-09-01').compiled);
  const cityPack = (time: string) =>
    deciding(registry, ['US-NYC'], at(time)).find(({ spec }) => spec.pack === 'us-nyc')!;
  const refused = (known: ReturnType<typeof call>, time: string) =>
    evaluate([cityPack(time)], known, at(time)).reasons.map(({ rule }) => rule.spec.id);
  const attempts = (date: string, ...rows: [ContactEvent['channel'], Outcome][]) =>
    events(rows.map(([channel, outcome], hour) => contact(`${date}T1${hour}:00:00`, outcome, { channel })));

  it('changes its rule at midnight of the first of September', () => {
    expect(cityPack('2026-08-31T23:59:59.999').id).toBe('us-nyc@2020-06-27');
    expect(cityPack('2026-09-01T00:00:00').id).toBe('us-nyc@2026-09-01');
  });

  it.each([
    ['2026-08-31T23:59:59', ['us.nyc.two-in-seven-days']],
    ['2026-09-01T00:00:00', []],
  ])('two attempts, and a third at %s: %j', (time, expected) => {
    const known = call({ ...AGENCY, events: attempts('2026-08-30', ['voice', 'no_answer'], ['sms', 'delivered']) });
    expect(refused(known, time)).toEqual(expected);
  });

  it('the timeline knows that a contact refused on the last day is permitted on the first', () => {
    const known = call({ ...AGENCY, events: attempts('2026-08-30', ['voice', 'no_answer'], ['sms', 'delivered']) });
    const timeline = (time: number) => {
      const { packs, until } = registry.inForceAt(['US-NYC'], time);
      return { packs: packs.filter(({ spec }) => spec.pack === 'us-nyc'), until };
    };
    expect(evaluate(timeline, known, at('2026-08-31T12:00:00')).nextPermittedAt).toBe(at('2026-09-01T00:00:00'));
  });

  it.each<[[ContactEvent['channel'], Outcome][], boolean]>([
    [
      [
        ['voice', 'no_answer'],
        ['voice', 'busy'],
        ['voice', 'voicemail'],
      ],
      true,
    ],
    [
      [
        ['voice', 'no_answer'],
        ['sms', 'delivered'],
        ['email', 'undelivered'],
      ],
      true,
    ],
    [
      [
        ['sms', 'delivered'],
        ['im', 'delivered'],
        ['voice', 'pending'],
      ],
      true,
    ],
    [
      [
        ['voice', 'no_answer'],
        ['sms', 'delivered'],
        ['letter', 'delivered'],
      ],
      false,
    ],
    [
      [
        ['voice', 'no_answer'],
        ['sms', 'delivered'],
        ['voice', 'wrong_number'],
      ],
      false,
    ],
  ])('after %j the fourth is refused: %s', (rows, isFull) => {
    const expected = isFull ? ['us.nyc.three-in-seven-days'] : [];
    expect(refused(call({ ...AGENCY, events: attempts('2026-09-10', ...rows) }), '2026-09-16T23:59:59')).toEqual(
      expected,
    );
    expect(refused(call({ ...AGENCY, events: attempts('2026-09-10', ...rows) }), '2026-09-17T00:00:00')).toEqual([]);
    expect(
      refused(on('letter', { ...AGENCY, events: attempts('2026-09-10', ...rows) }), '2026-09-16T12:00:00'),
    ).toEqual([]);
  });

  it.each([
    [{}, []],
    [{ inCollectionProcedures: true }, ['us.nyc.three-in-seven-days.creditor']],
    [{ inCollectionProcedures: false, status: 'charged_off' }, ['us.nyc.three-in-seven-days.creditor']],
    [{ status: 'legal' }, ['us.nyc.three-in-seven-days.creditor']],
  ])('the bank on an account with %j: %j', (given, expected) => {
    const rows = attempts('2026-09-10', ['voice', 'no_answer'], ['voice', 'no_answer'], ['voice', 'no_answer']);
    expect(refused(call({ accounts: [account('A1', given)], events: rows }), '2026-09-14T12:00:00')).toEqual(expected);
  });

  it('looks only at the accounts that are in the procedures', () => {
    const list = [0, 1, 2].map((hour) => contact(`2026-09-10T1${hour}:00:00`, 'no_answer', { accountIds: ['A1'] }));
    const asked = (first: boolean, second: boolean) =>
      call({
        accounts: [account('A1', { inCollectionProcedures: first }), account('A2', { inCollectionProcedures: second })],
        events: events(list),
      });
    expect(refused(asked(true, false), '2026-09-14T12:00:00')).toEqual(['us.nyc.three-in-seven-days.creditor']);
    expect(refused(asked(false, true), '2026-09-14T12:00:00')).toEqual([]);
  });

  it('counted by person before, by account since', () => {
    const list = (date: string) =>
      events([0, 1, 2].map((hour) => contact(`${date}T1${hour}:00:00`, 'no_answer', { accountIds: ['A1'] })));
    const other = { ...AGENCY, accounts: [account('A2')] };
    expect(refused(call({ ...other, events: list('2026-08-10') }), '2026-08-12T12:00:00')).toEqual([
      'us.nyc.two-in-seven-days',
    ]);
    expect(refused(call({ ...other, events: list('2026-09-10') }), '2026-09-12T12:00:00')).toEqual([]);
  });

  it('a dispute stops an agency, whenever it is raised', () => {
    const directives = [directive('dispute', { accountId: 'A1' })];
    expect(refused(call({ ...AGENCY, directives }), '2026-09-14T12:00:00')).toEqual(['us.nyc.dispute']);
    expect(refused(call({ directives }), '2026-09-14T12:00:00')).toEqual([]);
  });

  it('keeps the rule about an exchange, and does not apply it', () => {
    const { document, compiled } = shipped('us-nyc@2026-09-01');
    expect(document.rules.find(({ id }) => id === 'us.nyc.after-exchange')?.enabled).toBe(false);
    expect(compiled.rules.map(({ spec }) => spec.id)).not.toContain('us.nyc.after-exchange');
  });
});
