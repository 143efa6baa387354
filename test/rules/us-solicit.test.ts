import { describe, expect, it } from 'vitest';
import { loadPacks } from '../../src/policy/load.ts';
import { createRegistry } from '../../src/policy/registry.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { type ContactFacts, OUTCOMES, PURPOSES } from '../../src/rules/contact/facts.ts';
import { deciding } from '../support/registry.ts';
import { directive, events, ms } from './builders.ts';
import { customerOf, type Given, shipped } from './shipped.ts';

const tcpa = customerOf('America/New_York', shipped('us-tcpa@2025-04-11').compiled);
const florida = customerOf('America/New_York', shipped('us-fl@2021-07-01').compiled);
const offer = (given: Given = {}): ContactFacts => tcpa.call({ ...given, request: { purpose: 'solicit' } });

describe('telephone solicitations', () => {
  it.each([
    ['2026-11-23T07:59:59', ['us.tcpa.hours'], '2026-11-23T08:00:00'],
    ['2026-11-23T08:00:00', [], '2026-11-23T08:00:00'],
    ['2026-11-23T20:59:59', [], '2026-11-23T20:59:59'],
    ['2026-11-23T21:00:00', ['us.tcpa.hours'], '2026-11-24T08:00:00'],
    ['2028-02-29T21:00:00', ['us.tcpa.hours'], '2028-03-01T08:00:00'],
    ['2026-11-01T01:30:00', ['us.tcpa.hours'], '2026-11-01T08:00:00'],
  ])('at %s: refused by %j, next at %s', (time, refused, next) => {
    expect(tcpa.ask(offer(), time)).toEqual({ refused, next });
  });

  it.each([
    ['2026-11-23T07:59:59', ['us.fl.hours'], '2026-11-23T08:00:00'],
    ['2026-11-23T19:59:59', [], '2026-11-23T19:59:59'],
    ['2026-11-23T20:00:00', ['us.fl.hours'], '2026-11-24T08:00:00'],
    ['2026-12-31T20:00:00', ['us.fl.hours'], '2027-01-01T08:00:00'],
  ])('in Florida at %s: refused by %j, next at %s', (time, refused, next) => {
    expect(florida.ask(offer(), time)).toEqual({ refused, next });
  });

  it('in Florida in both zones of the state', () => {
    const known = offer({ zones: ['America/New_York', 'America/Chicago'] });
    expect(florida.ask(known, '2026-11-23T08:30:00').next).toBe('2026-11-23T09:00:00');
    expect(florida.ask(known, '2026-11-23T20:00:00').next).toBe('2026-11-24T09:00:00');
  });

  it.each(PURPOSES.filter((purpose) => purpose !== 'solicit'))(
    'are what these packs are about, not to %s',
    (purpose) => {
      const known = tcpa.call({ request: { purpose } });
      for (const { ask } of [tcpa, florida]) expect(ask(known, '2026-11-23T03:00:00').refused).toEqual([]);
      expect(tcpa.obligations(known, '2026-11-23T12:00:00')).toEqual([]);
    },
  );

  it('end with a revocation, of the calls or of the number', () => {
    const asked = (...directives: ReturnType<typeof directive>[]) =>
      tcpa.ask(offer({ directives }), '2026-11-23T12:00:00').refused;
    expect(asked(directive('channel_opt_out', { channel: 'voice' }))).toEqual(['us.tcpa.channel-revoked']);
    expect(asked(directive('channel_opt_out', { channel: 'sms' }))).toEqual([]);
    expect(asked(directive('address_opt_out', { contactPointId: 'm1' }))).toEqual(['us.tcpa.number-revoked']);
    expect(asked(directive('cease'))).toEqual(['us.tcpa.cease']);
  });

  it('by a machine need consent, says the duty', () => {
    const known = tcpa.call({ request: { purpose: 'solicit', automated: true } });
    expect(tcpa.obligations(known, '2026-11-23T12:00:00')).toContain('CONSENT_FOR_AUTOMATED_CALLS');
    expect(tcpa.obligations(offer(), '2026-11-23T12:00:00')).not.toContain('CONSENT_FOR_AUTOMATED_CALLS');
  });
});

describe('three solicitations in 24 hours in Florida', () => {
  const CAP = 'us.fl.three-in-24-hours';
  const made = (time: string, given: Parameters<typeof florida.contact>[2] = {}) =>
    florida.contact(time, 'no_answer', { purpose: 'solicit', ...given });
  const three = [made('2026-11-22T12:00:00'), made('2026-11-22T13:00:00'), made('2026-11-22T14:00:00')];

  it.each([
    ['2026-11-22T19:59:59', [CAP], '2026-11-23T12:00:00'],
    ['2026-11-23T11:59:59', [CAP], '2026-11-23T12:00:00'],
    ['2026-11-23T12:00:00', [], '2026-11-23T12:00:00'],
  ])('at %s: refused by %j, next at %s', (time, refused, next) => {
    expect(florida.ask(offer({ events: events(three) }), time)).toEqual({ refused, next });
  });

  it.each([
    ['forward', ['2026-03-07T13:00:00', '2026-03-07T14:00:00', '2026-03-07T15:00:00'], '2026-03-08T14:00:00'],
    ['back', ['2026-10-31T13:00:00', '2026-10-31T14:00:00', '2026-10-31T15:00:00'], '2026-11-01T12:00:00'],
  ])('are hours that pass, not hours on the wall, when the clocks go %s', (_, times, next) => {
    const list = times.map((time) => made(time));
    expect(florida.ask(offer({ events: events(list) }), next.replace(/T.*/, 'T11:59:59')).next).toBe(next);
  });

  it('count by person, whatever number is used', () => {
    expect(florida.ask(offer({ events: { person: three, number: [] } }), '2026-11-22T15:00:00').refused).toEqual([CAP]);
    expect(florida.ask(offer({ events: { person: [], number: three } }), '2026-11-22T15:00:00').refused).toEqual([]);
  });

  it.each(OUTCOMES.filter((outcome) => !['wrong_number', 'undelivered'].includes(outcome)))('count %s', (outcome) => {
    const list = [...three.slice(1), { ...made('2026-11-22T14:30:00'), outcome }];
    expect(florida.ask(offer({ events: events(list) }), '2026-11-22T15:00:00').refused).toEqual([CAP]);
  });

  it('count texts with calls, and no calls to collect', () => {
    const withOne = (given: Parameters<typeof made>[1]) =>
      florida.ask(
        offer({ events: events([...three.slice(1), made('2026-11-22T14:30:00', given)]) }),
        '2026-11-22T15:00:00',
      ).refused;
    expect(withOne({ channel: 'sms', outcome: 'delivered' })).toEqual([CAP]);
    expect(withOne({ purpose: 'collect' })).toEqual([]);
    expect(withOne({ misdirected: true })).toEqual([]);
  });
});

describe('all packs of the United States', () => {
  const registry = createRegistry(loadPacks());
  const idsFor = (...codes: string[]) =>
    deciding(registry, codes, ms('2026-11-23T17:00:00Z')).map(({ spec }) => spec.pack);

  it.each([
    [['US'], ['us-reg-f', 'us-tcpa']],
    [['US-MA'], ['us-ma', 'us-reg-f', 'us-tcpa']],
    [['US-NYC'], ['us-nyc', 'us-reg-f', 'us-tcpa']],
    [['US-WA'], ['us-reg-f', 'us-tcpa', 'us-wa']],
    [['US-FL'], ['us-fl', 'us-reg-f', 'us-tcpa']],
    [['US-TX'], ['us-reg-f', 'us-tcpa']],
    [
      ['US-FL', 'US-MA'],
      ['us-fl', 'us-ma', 'us-reg-f', 'us-tcpa'],
    ],
  ])('of %j are %j', (codes, packs) => expect(idsFor(...codes)).toEqual(packs));

  it('are asked together, and the strictest wins', () => {
    const { call, at, contact } = tcpa;
    const packs = deciding(registry, ['US-MA', 'US-WA'], at('2026-11-23T12:00:00'));
    const list = [contact('2026-11-20T12:00:00', 'no_answer'), contact('2026-11-21T12:00:00', 'no_answer')].map(
      (event) => ({ ...event, collectorId: 'agency-1' }),
    );
    const request = { collectorKind: 'third_party', collectorId: 'agency-1' } as const;
    const verdict = evaluate(packs, call({ request, events: events(list) }), at('2026-11-23T12:00:00'));
    expect(verdict.reasons.map(({ rule }) => rule.spec.id)).toEqual(['us.ma.two-in-seven-days']);
    expect(verdict.nextPermittedAt).toBe(at('2026-11-27T08:00:00'));
    expect(verdict.limits.map(({ ruleId, used, max }) => [ruleId, used, max])).toEqual([
      ['us.ma.two-in-seven-days', 2, 2],
      ['us.regf.calls.seven-in-seven', 2, 7],
      ['us.wa.three-in-a-week', 0, 3],
      ['us.wa.wireless-two-a-day', 0, 2],
    ]);
  });

  const us = loadPacks().filter(({ document }) => document.pack.startsWith('us-'));

  it('each refuse a number that is invalid or somebody else’s', () => {
    for (const { compiled, document } of us) {
      const purpose = document.coverage.purposes?.[0] ?? 'collect';
      const request = { collectorKind: 'third_party', collectorId: 'agency-1', purpose } as const;
      const { call, ask } = customerOf('America/New_York', compiled);
      const refused = (contactPoint: NonNullable<Given['contactPoint']>) =>
        ask(call({ request, contactPoint }), '2026-11-23T12:00:00').refused.map((id) => id.split('.').at(-1));
      expect(refused({ status: 'invalid' }), compiled.id).toEqual(['contact-point']);
      expect(refused({ ofParty: false }), compiled.id).toEqual(['contact-point']);
      expect(refused({ wrongSince: 0 }), compiled.id).toEqual(['wrong-number']);
      expect(refused({}), compiled.id).toEqual([]);
    }
  });

  it('say in Chinese and English where each rule comes from', () => {
    expect(us.length).toBe(7);
    for (const { document, compiled } of us) {
      for (const { spec } of compiled.rules) {
        expect(spec.text.zh, spec.id).toMatch(/\p{Script=Han}/u);
        expect(spec.citation.en.length, spec.id).toBeGreaterThan(5);
      }
      const used = [...document.rules, ...document.obligations, ...document.parameters].map(({ source }) => source);
      expect(
        Object.keys(document.sources).filter((name) => !used.includes(name)),
        document.pack,
      ).toEqual([]);
      const sets = document.rules.flatMap((rule) =>
        'count' in rule ? [rule.count] : 'after' in rule ? [rule.after] : [],
      );
      expect(
        Object.keys(document.eventSets).filter((name) => !sets.includes(name)),
        document.pack,
      ).toEqual([]);
    }
  });
});
