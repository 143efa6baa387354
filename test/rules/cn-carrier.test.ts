import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/policy/registry.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import type { ContactEvent, Outcome } from '../../src/rules/contact/facts.ts';
import { deciding } from '../support/registry.ts';
import { directive, facts, refusals } from './builders.ts';
import { customerOf, type Given, shipped } from './shipped.ts';

const carriers = shipped('cn-carrier@2026-02-01');
const { compiled: pack, document } = carriers;
const { at, call, ask, contact, warnings, timed } = customerOf('Asia/Shanghai', pack);

const DAY = '2026-11-23';
const over = (carrier: string, times: readonly string[], outcome: Outcome = 'no_answer'): ContactEvent[] =>
  times.map((time) => contact(time.includes('T') ? time : `${DAY}T${time}`, outcome, { carrier }));
const asks = (carrier: string, number: readonly ContactEvent[] = [], given: Given = {}) =>
  call({ ...given, request: { carrier, ...given.request }, events: { number } });

const [MINUTE, HOUR, FULL_DAY] = ['carrier.aliyun.minute', 'carrier.aliyun.hour', 'carrier.aliyun.day'];

describe('the windows of Aliyun start at the first call', () => {
  const six = over('aliyun', ['10:00:00', '10:10:00', '10:20:00', '10:30:00', '10:40:00']);
  it.each([
    ['one call a minute', over('aliyun', ['10:00:00']), '10:00:59.999', [MINUTE], '10:01:00'],
    ['and then another', over('aliyun', ['10:00:00']), '10:01:00', [], '10:01:00'],
    ['four calls in an hour', six.slice(1), '10:50:00', [], '10:50:00'],
    ['five calls in an hour', six, '10:59:59.999', [HOUR], '11:00:00'],
    ['and then five more', six, '11:00:00', [], '11:00:00'],
    ['the minute begins anew too', over('aliyun', ['10:00:30', '10:01:30']), '10:02:29', [MINUTE], '10:02:30'],
  ])('%s', (_, events, time, refused, next) => {
    expect(ask(asks('aliyun', events), `${DAY}T${time}`)).toEqual({ refused, next: `${DAY}T${next}` });
  });

  it('and an hour that ended does not weigh on the next one, however near its calls are', () => {
    const calls = over('aliyun', ['09:30:00', '10:26:00', '10:27:00', '10:28:00', '10:29:00', '10:30:00']);
    const known = asks('aliyun', calls);
    expect(ask(known, `${DAY}T10:31:00`).refused).toEqual([]);
    const { limits } = evaluate([pack], known, at(`${DAY}T10:31:00`));
    expect(limits.find(({ ruleId }) => ruleId === HOUR)).toMatchObject({
      used: 1,
      max: 5,
      windowFrom: at(`${DAY}T10:30:00`),
      windowTo: at(`${DAY}T11:30:00`),
    });
  });

  it('so an earlier call can open a slot: the one exception to more contact, less permission', () => {
    const calls = over('aliyun', ['10:26:00', '10:27:00', '10:28:00', '10:29:00', '10:30:00']);
    expect(ask(asks('aliyun', calls), `${DAY}T10:31:00`)).toEqual({ refused: [HOUR], next: `${DAY}T11:26:00` });
    const more = asks('aliyun', [...over('aliyun', ['09:30:00']), ...calls]);
    expect(ask(more, `${DAY}T10:31:00`).refused).toEqual([]);
  });

  it('twenty calls in 24 hours, over midnight and the end of a year', () => {
    const calls = Array.from({ length: 20 }, (_, index) => at('2026-12-31T14:00:00') + index * 15 * 60_000);
    const events = calls.map((time) => ({ ...over('aliyun', ['10:00:00'])[0]!, at: time }));
    const known = (count: number) => asks('aliyun', events.slice(0, count));
    expect(ask(known(20), '2027-01-01T13:59:59')).toEqual({ refused: [FULL_DAY], next: '2027-01-01T14:00:00' });
    expect(ask(known(20), '2027-01-01T14:00:00').refused).toEqual([]);
    expect(ask(known(19), '2027-01-01T13:59:59').refused).toEqual([]);
  });

  it.each(['busy', 'not_in_service', 'wrong_number', 'refused', 'conversation', 'pending'] as const)(
    'a call that ended as %s counts',
    (outcome) => {
      expect(ask(asks('aliyun', over('aliyun', ['10:00:00'], outcome)), `${DAY}T10:00:30`).refused).toEqual([MINUTE]);
    },
  );

  it.each([
    ['over another carrier', over('volcengine', ['10:00:00'])],
    ['over none that is known', [contact(`${DAY}T10:00:00`)]],
    ['to the bank', [contact(`${DAY}T10:00:00`, 'conversation', { carrier: 'aliyun', direction: 'inbound' })]],
    ['by text', [contact(`${DAY}T10:00:00`, 'delivered', { carrier: 'aliyun', channel: 'sms' })]],
  ])('a contact %s does not', (_, events) => {
    expect(ask(asks('aliyun', events), `${DAY}T10:00:30`).refused).toEqual([]);
  });

  it('they are of the number, whoever is called there', () => {
    const known = call({ request: { carrier: 'aliyun' }, events: { person: over('aliyun', ['10:00:00']) } });
    expect(ask(known, `${DAY}T10:00:30`).refused).toEqual([]);
  });
});

describe('the task centre of Aliyun', () => {
  const automated = asks('aliyun', [], { request: { automated: true } });
  it.each([
    ['08:59:59', false, '09:00:00'],
    ['09:00:00', true, '09:00:00'],
    ['11:59:59', true, '11:59:59'],
    ['12:00:00', false, '14:00:00'],
    ['13:59:59', false, '14:00:00'],
    ['14:00:00', true, '14:00:00'],
    ['20:59:59', true, '20:59:59'],
  ])('at %s: permitted is %s, next at %s', (time, permitted, next) => {
    expect(ask(automated, `${DAY}T${time}`)).toEqual({
      refused: permitted ? [] : ['carrier.aliyun.quiet-hours'],
      next: `${DAY}T${next}`,
    });
  });

  it('is silent from nine in the evening, and no consent of the person wakes it', () => {
    const agreed = timed('hours_consent', [{ from: '21:00', to: '22:00' }]);
    expect(ask({ ...automated, directives: [agreed] }, '2026-12-31T21:00:00')).toEqual({
      refused: ['carrier.aliyun.quiet-hours'],
      next: '2027-01-01T09:00:00',
    });
  });

  it('is no matter of a person who calls, nor of another carrier', () => {
    expect(ask(asks('aliyun'), `${DAY}T12:00:00`).refused).toEqual([]);
    expect(ask(asks('volcengine', [], { request: { automated: true } }), `${DAY}T12:00:00`).refused).toEqual([]);
  });
});

describe('the windows of Volcengine are the last minutes', () => {
  it.each([
    ['three in 5 minutes', ['10:00:00', '10:01:00', '10:02:00'], '10:04:59.999', '5-minutes', '10:05:00'],
    [
      'six in 10 minutes',
      ['10:00:00', '10:00:30', '10:01:00', '10:02:00', '10:05:00', '10:06:00'],
      '10:09:59',
      '10-minutes',
      '10:10:00',
    ],
    [
      'ten in 24 hours',
      ['00', '01', '02', '03', '04', '05', '06', '07', '08', '09'].map((hour) => `${hour}:30:00`),
      '23:59:59',
      'day',
      '2026-11-24T00:30:00',
    ],
  ])('%s', (_, times, time, rule, next) => {
    const calls = over('volcengine', times);
    const until = next.includes('T') ? next : `${DAY}T${next}`;
    expect(ask(asks('volcengine', calls), `${DAY}T${time}`)).toEqual({
      refused: [`carrier.volcengine.${rule}`],
      next: until,
    });
    expect(ask(asks('volcengine', calls), until).refused).toEqual([]);
    expect(ask(asks('volcengine', calls.slice(1)), `${DAY}T${time}`).refused).toEqual([]);
  });
});

describe('the advice of Huawei', () => {
  const three = over('huawei', ['2026-11-22T10:00:01', '2026-11-22T15:00:00', '2026-11-23T09:00:00']);
  it('warns of a fourth call in 24 hours and refuses nothing', () => {
    const known = asks('huawei', three);
    expect(ask(known, '2026-11-23T10:00:00').refused).toEqual([]);
    expect(warnings(known, '2026-11-23T10:00:00')).toEqual(['carrier.huawei.day']);
    expect(warnings(known, '2026-11-23T10:00:01')).toEqual([]);
  });

  it('warns of an eleventh call in 30 days', () => {
    const ten = Array.from({ length: 10 }, (_, index) => `2026-11-${String(2 * index + 1).padStart(2, '0')}T10:00:00`);
    const known = asks('huawei', over('huawei', ten));
    expect(warnings(known, '2026-12-01T09:59:59')).toEqual(['carrier.huawei.30-days']);
    expect(warnings(known, '2026-12-01T10:00:00')).toEqual([]);
  });
});

describe('the pack of carriers', () => {
  it.each([
    ['without a carrier', facts()],
    ['over a carrier it does not know', asks('other')],
    ['by text message', { ...asks('aliyun'), request: { ...asks('aliyun').request, channel: 'sms' as const } }],
  ])('is not asked of a contact %s', (_, known) => expect(pack.applicable(known)).toBeNull());

  it('is asked of a call over each of its carriers', () => {
    for (const carrier of document.coverage.carriers ?? []) expect(pack.applicable(asks(carrier))).not.toBeNull();
    expect(document.coverage.carriers).toEqual(['aliyun', 'huawei', 'volcengine']);
  });

  it('says nothing of whom to call', () => {
    const known = asks('aliyun', [], { directives: [directive('deceased')], contactPoint: { status: 'invalid' } });
    expect(ask(known, `${DAY}T10:00:00`).refused).toEqual([]);
  });

  it('stands beside the pack of China and never decides alone', () => {
    const cards = shipped('cn-credit-card@2026-02-01');
    const registry = createRegistry([carriers, cards]);
    expect(deciding(registry, ['CN'], at('2026-01-31T23:59:59.999'))).toEqual([]);
    const time = at(`${DAY}T22:00:30`);
    const packs = deciding(registry, ['CN'], time);
    const refusedBy = (known: ReturnType<typeof asks>) => refusals(evaluate(packs, known, time));
    const calls = over('aliyun', ['22:00:00']);
    expect(refusedBy(asks('aliyun', calls))).toEqual([MINUTE, 'cn.hours', 'cn.calls.gap-number']);
    expect(refusedBy(call({ events: { number: calls } }))).toEqual(['cn.hours', 'cn.calls.gap-number']);
  });
});
