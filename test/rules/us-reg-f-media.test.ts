import { describe, expect, it } from 'vitest';
import { CHANNELS, type Channel, type ContactFacts } from '../../src/rules/contact/facts.ts';
import { directive, events } from './builders.ts';
import { day, type Given } from './shipped.ts';
import { BANK, consumer, to } from './us-reg-f.ts';

const { at, ask, contact } = consumer;
const NOON = '2026-03-23T12:00:00';
const refused = (...args: Parameters<typeof to>) => ask(to(...args), NOON).refused;

describe('opting out', () => {
  it.each(CHANNELS.filter((channel) => channel !== 'portal'))('of %s leaves the other channels', (channel) => {
    const directives = [directive('channel_opt_out', { channel })];
    for (const other of CHANNELS) {
      const expected = other === channel ? ['us.regf.channel-opt-out'] : [];
      expect(refused('debtor', 'collect', { channel: other, directives }), other).toEqual(expected);
    }
    expect(refused('debtor', 'collect', { channel, directives, by: BANK })).toEqual(['us.bank.channel-opt-out']);
  });

  it('of an address leaves the others', () => {
    const directives = [directive('address_opt_out', { contactPointId: 'm1' })];
    expect(refused('debtor', 'collect', { directives })).toEqual(['us.regf.address-opt-out']);
    expect(refused('debtor', 'collect', { directives, by: BANK })).toEqual(['us.bank.address-opt-out']);
    expect(refused('debtor', 'collect', { directives, contactPoint: { contactPointId: 'm2' } })).toEqual([]);
  });

  it.each([
    ['email', ['us.regf.notice.address-opt-out']],
    ['sms', ['us.regf.notice.address-opt-out']],
    ['letter', []],
  ] as const)('of a channel: a required notice by %s is refused by %j', (channel, expected) => {
    const directives = [directive('channel_opt_out', { channel })];
    const rules = expected.map((id) => id.replace('address', 'channel'));
    expect(refused('debtor', 'statutory_notice', { channel, directives })).toEqual(rules);
  });

  it.each([
    ['email', ['us.regf.notice.address-opt-out']],
    ['sms', ['us.regf.notice.address-opt-out']],
    ['letter', []],
  ] as const)('of an address: a required notice by %s is refused by %j', (channel, expected) => {
    const directives = [directive('address_opt_out', { contactPointId: 'm1' })];
    expect(refused('debtor', 'statutory_notice', { channel, directives })).toEqual(expected);
  });

  it.each([
    ['before any opt-out', [], [], false],
    ['after one', [directive('address_opt_out', { contactPointId: 'm1' })], [], true],
    ['of another number', [directive('address_opt_out', { contactPointId: 'm2' })], [], false],
    [
      'a second time',
      [directive('address_opt_out', { contactPointId: 'm1', from: at('2026-03-23T11:00:00') })],
      [contact('2026-03-23T11:30:00', 'delivered', { channel: 'sms', purpose: 'opt_out_confirmation' })],
      false,
    ],
  ] as const)('is confirmed %s: %#', (_, directives, list, permitted) => {
    const known = to('debtor', 'opt_out_confirmation', {
      channel: 'sms',
      directives: [...directives],
      events: events(list),
    });
    expect(ask(known, NOON).refused).toEqual(permitted ? [] : ['us.opt-out-confirmation']);
  });
});

describe('addresses of messages', () => {
  const from = (provenance: object | undefined, verifiedDay?: number): Given => ({
    contactPoint: {
      provenance: provenance as NonNullable<ContactFacts['contactPoint']>['provenance'],
      verifiedDay,
    } as NonNullable<Given['contactPoint']>,
  });
  const notice = (sent: string, optOut: string) => ({
    source: 'creditor',
    noticeSentDay: day(sent),
    optOutByDay: day(optOut),
  });

  it.each([
    ['the consumer', { source: 'consumer' }, [], '2026-03-23T12:00:00'],
    ['the prior collector', { source: 'prior_collector' }, [], '2026-03-23T12:00:00'],
    ['elsewhere', { source: 'other' }, ['us.regf.email-source'], null],
    ['the creditor without a notice', { source: 'creditor' }, ['us.regf.email-source'], null],
    ['the creditor, 34 days', notice('2026-02-01', '2026-03-07'), ['us.regf.email-source'], null],
    ['the creditor, 35 days', notice('2026-02-01', '2026-03-08'), [], '2026-03-23T12:00:00'],
    [
      'the creditor, on the last day',
      notice('2026-02-16', '2026-03-23'),
      ['us.regf.email-source'],
      '2026-03-24T08:00:00',
    ],
    ['the creditor, over a leap day', notice('2028-02-01', '2028-03-07'), ['us.regf.email-source'], null],
  ])('e-mail from %s: refused by %j, next at %s', (_, provenance, expected, next) => {
    expect(ask(to('debtor', 'collect', { channel: 'email', ...from(provenance) }), NOON)).toEqual({
      refused: expected,
      next,
    });
  });

  it.each([
    ['2026-01-22', []],
    ['2026-01-21', ['us.regf.text-verified']],
    ['2026-03-23', []],
  ])('a text sixty days after the check of %s: refused by %j', (checked, expected) => {
    const given = from({ source: 'consumer' }, day(checked));
    expect(refused('debtor', 'collect', { channel: 'sms', ...given })).toEqual(expected);
  });

  it('a text to a number that the creditor had is not safe', () => {
    const given = from(notice('2026-01-01', '2026-02-28'), day('2026-03-01'));
    expect(refused('debtor', 'collect', { channel: 'sms', ...given })).toEqual(['us.regf.text-source']);
  });

  it('a text of the consumer from the number does both, a call from it neither', () => {
    const number = (channel: Channel) => ({
      number: [contact('2026-03-01T12:00:00', 'answered', { channel, direction: 'inbound' })],
    });
    const unknown = from(undefined);
    expect(refused('debtor', 'collect', { channel: 'sms', ...unknown, events: number('sms') })).toEqual([]);
    expect(refused('debtor', 'collect', { channel: 'sms', ...unknown, events: number('voice') })).toEqual([
      'us.regf.text-source',
      'us.regf.text-verified',
    ]);
  });

  it('an address at work is not written to, and the bank is not asked for sources', () => {
    expect(refused('debtor', 'collect', { channel: 'email', contactPoint: { place: 'work' } })).toEqual([
      'us.regf.work-email',
    ]);
    expect(refused('debtor', 'collect', { channel: 'email', by: BANK, ...from(undefined) })).toEqual([]);
  });
});
