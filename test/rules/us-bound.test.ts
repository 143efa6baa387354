import { describe, expect, it } from 'vitest';
import { directive } from './builders.ts';
import type { Given } from './shipped.ts';
import {
  ALL,
  ANY,
  type Asked,
  BANK,
  boundBy,
  COLLECT,
  EVERYBODY,
  findingOf,
  full,
  HOME,
  LOCATE,
  met,
  NIGHT,
  NOON,
  PROCEDURES,
  REPRESENTED,
  SPOUSE,
  told,
  VISIT,
  WORK,
  WRONG,
} from './us-scope.ts';

const REGF = 'us-reg-f@2021-11-30';
const PERSONS = 'debtor guarantor spouse guardian executor';
const OTHERS = 'contact employer';
const NO_LAWYER = 'debtor guarantor spouse contact guardian executor employer';
const HELD = 'collect locate service respond';
const DUE = 'collect locate service respond statutory_notice';
const SENT = 'collect service statutory_notice';
const ADDRESS = told('address_opt_out', { contactPointId: 'm1' });
const CHANNEL = told('channel_opt_out', { channel: 'voice' });
const PLACE: Given = { ...WORK, ...told('place_restriction', { places: ['work'] }) };
const always = { days: 127, from: 0, to: 1440, zone: 'UTC', validFrom: 0, validUntil: null };
const TIME: Given = { directives: [{ ...directive('time_restriction'), windows: [always] }] };
const SETTLED: Given = { accounts: [{ accountId: 'A1', status: 'settled', pastDueDay: 20_000 }] };
const EMAIL: Asked = { ...COLLECT, channel: 'email' };
const TEXT: Asked = { ...COLLECT, channel: 'sms' };

describe('Regulation F binds', () => {
  it.each<[string, Asked, Given, string, string, string]>([
    ['us.bank.settled', COLLECT, SETTLED, ALL, 'collect locate', EVERYBODY],
    ['us.bank.hardship', COLLECT, told('hardship_hold'), ALL, 'collect', EVERYBODY],
    ['us.regf.dispute', COLLECT, told('dispute'), ALL, 'collect', EVERYBODY],
    ['us.regf.represented', COLLECT, REPRESENTED, ALL, 'collect locate service', PERSONS],
    ['us.regf.location.represented', LOCATE, told('represented'), ALL, 'locate', OTHERS],
    ['us.bank.contact-refused', LOCATE, told('third_party_refusal'), ALL, 'collect locate', OTHERS],
    ['us.bank.wrong-number', COLLECT, WRONG, 'voice sms', ANY, EVERYBODY],
    ['us.regf.address-opt-out', COLLECT, ADDRESS, ALL, HELD, EVERYBODY],
    ['us.bank.address-opt-out', COLLECT, { ...BANK, ...ADDRESS }, ALL, 'collect locate respond solicit', EVERYBODY],
    ['us.regf.channel-opt-out', COLLECT, CHANNEL, 'voice', HELD, EVERYBODY],
    ['us.bank.channel-opt-out', COLLECT, { ...BANK, ...CHANNEL }, 'voice', 'collect locate respond solicit', EVERYBODY],
    ['us.regf.work-email', EMAIL, WORK, 'email', 'collect locate service statutory_notice', PERSONS],
    ['us.regf.email-source', EMAIL, {}, 'email', SENT, PERSONS],
    ['us.regf.text-source', TEXT, {}, 'sms', SENT, PERSONS],
    ['us.regf.text-verified', TEXT, {}, 'sms', SENT, PERSONS],
    ['us.regf.inconvenient-time', COLLECT, TIME, ALL, DUE, EVERYBODY],
    ['us.bank.inconvenient-time', COLLECT, { ...BANK, ...TIME }, ALL, HELD, EVERYBODY],
    ['us.regf.inconvenient-place', COLLECT, PLACE, ALL, DUE, EVERYBODY],
    ['us.bank.inconvenient-place', COLLECT, { ...BANK, ...PLACE }, ALL, HELD, EVERYBODY],
    ['us.regf.location.once', LOCATE, met(full(1)), ALL, 'locate', OTHERS],
    ['us.regf.calls.seven-in-seven', COLLECT, met(full(7)), 'voice', DUE, NO_LAWYER],
    ['us.regf.calls.after-conversation', COLLECT, met(full(1)), 'voice', DUE, NO_LAWYER],
    ['us.regf.calls.succession', COLLECT, met(full(1, { at: NOON - 1 })), 'voice', ANY, EVERYBODY],
    ['us.regf.calls.seven-in-one-day', COLLECT, met(full(6)), 'voice', ANY, EVERYBODY],
    ['us.regf.contacts.cumulative', COLLECT, met(full(7)), 'voice sms email im', 'collect locate', EVERYBODY],
  ])('%s', (rule, asked, given, ...bound) => expect(boundBy(REGF, rule, asked, given)).toEqual(bound));

  it.each<[string, Given]>([
    ['us.regf.address-opt-out', ADDRESS],
    ['us.bank.address-opt-out', { ...BANK, ...ADDRESS }],
    ['us.regf.channel-opt-out', CHANNEL],
    ['us.bank.channel-opt-out', { ...BANK, ...CHANNEL }],
    ['us.regf.inconvenient-time', TIME],
    ['us.bank.inconvenient-time', { ...BANK, ...TIME }],
    ['us.regf.inconvenient-place', PLACE],
    ['us.bank.inconvenient-place', { ...BANK, ...PLACE }],
    ['us.regf.calls.seven-in-seven', met(full(7))],
    ['us.regf.calls.after-conversation', met(full(1))],
    ['us.regf.calls.succession', met(full(1, { at: NOON - 1 }))],
    ['us.regf.calls.seven-in-one-day', met(full(6))],
  ])('%s: not what answers the person', (rule, given) => {
    const respond: Asked = { ...COLLECT, purpose: 'respond' };
    const reply = { attemptId: 'x', known: true, answered: false };
    const request = { ...(given.request as object), reply };
    expect(findingOf(REGF, rule, respond, given)).toBeDefined();
    expect(findingOf(REGF, rule, respond, { ...given, request })).toBeUndefined();
  });
});

describe('a state binds', () => {
  const MA = 'us-ma@2012-03-02';
  const OLD = 'us-nyc@2020-06-27';
  const NYC = 'us-nyc@2026-09-01';
  const WA = 'us-wa@2019-07-28';
  const DEBTORS = 'debtor guarantor guardian executor';
  const BOTH = 'collect locate';
  const LIVE = 'voice sms email im';
  const MADE = 'collect locate service statutory_notice';
  const atWork = (count: number): Given => ({ ...WORK, ...met(full(count, { place: 'work' })) });
  const bankOf = (count: number): Given => ({ ...BANK, ...PROCEDURES, ...met(full(count)) });
  const visited = met(full(1, { channel: 'visit' }));

  it.each<[string, string, Asked, Given, string, string, string]>([
    [MA, 'us.ma.represented', COLLECT, REPRESENTED, ALL, BOTH, PERSONS],
    [MA, 'us.ma.wrong-number', COLLECT, WRONG, 'voice sms', ANY, EVERYBODY],
    [MA, 'us.ma.hours.creditor', COLLECT, BANK, 'voice sms visit', BOTH, EVERYBODY],
    [MA, 'us.ma.hours.collector', COLLECT, {}, `${LIVE} visit`, BOTH, EVERYBODY],
    [MA, 'us.ma.not-at-work', COLLECT, PLACE, 'voice sms visit', BOTH, EVERYBODY],
    [MA, 'us.ma.visits.not-at-work', VISIT, WORK, 'visit', BOTH, EVERYBODY],
    [MA, 'us.ma.two-in-seven-days', COLLECT, met(full(2)), 'voice sms', BOTH, DEBTORS],
    [MA, 'us.ma.two-in-thirty-days-at-work', COLLECT, atWork(2), 'voice sms', BOTH, DEBTORS],
    [MA, 'us.ma.household.two-in-seven-days', SPOUSE, met(full(2)), 'voice sms', BOTH, 'spouse'],
    [MA, 'us.ma.household.two-in-thirty-days-at-work', SPOUSE, atWork(2), 'voice sms', BOTH, 'spouse'],
    [MA, 'us.ma.visits.one-in-thirty-days', VISIT, visited, 'visit', BOTH, EVERYBODY],
    [OLD, 'us.nyc.wrong-number', COLLECT, WRONG, 'voice sms', ANY, EVERYBODY],
    [OLD, 'us.nyc.two-in-seven-days', COLLECT, met(full(2)), `${LIVE} letter visit`, 'collect', PERSONS],
    [OLD, 'us.nyc.two-in-seven-days.creditor', COLLECT, bankOf(2), `${LIVE} letter visit`, 'collect', PERSONS],
    [NYC, 'us.nyc.wrong-number', COLLECT, WRONG, 'voice sms', ANY, EVERYBODY],
    [NYC, 'us.nyc.dispute', COLLECT, told('dispute'), ALL, 'collect', EVERYBODY],
    [NYC, 'us.nyc.three-in-seven-days', COLLECT, met(full(3)), LIVE, 'collect', PERSONS],
    [NYC, 'us.nyc.three-in-seven-days.creditor', COLLECT, bankOf(3), LIVE, 'collect', PERSONS],
    [WA, 'us.wa.represented', COLLECT, REPRESENTED, ALL, 'collect locate service', 'debtor guarantor spouse'],
    [WA, 'us.wa.wrong-number', COLLECT, WRONG, 'voice sms', ANY, EVERYBODY],
    [WA, 'us.wa.home-hours', COLLECT, HOME, `${LIVE} visit`, MADE, 'debtor spouse'],
    [WA, 'us.wa.three-in-a-week', COLLECT, met(full(3)), `${LIVE} letter visit`, MADE, 'debtor spouse'],
    [WA, 'us.wa.one-in-a-week-at-work', COLLECT, atWork(1), `${LIVE} letter visit`, MADE, 'debtor'],
    [WA, 'us.wa.wireless-two-a-day', COLLECT, met(full(2)), 'voice sms', MADE, EVERYBODY],
  ])('%s: %s', (id, rule, asked, given, ...bound) => {
    expect(boundBy(id, rule, asked, given, NIGHT)).toEqual(bound);
  });

  it.each([
    [OLD, 'us.nyc.two-in-seven-days', 2],
    [NYC, 'us.nyc.three-in-seven-days', 3],
  ])('%s: bank and agency each by its own rule', (id, rule, count) => {
    const agency = { ...PROCEDURES, ...met(full(count)) };
    expect(findingOf(id, `${rule}.creditor`, COLLECT, agency)).toBeUndefined();
    expect(findingOf(id, rule, COLLECT, bankOf(count))).toBeUndefined();
  });

  it.each([
    ['us.ma.two-in-seven-days', COLLECT, { ...WORK, ...met(full(2)) }],
    ['us.ma.two-in-thirty-days-at-work', COLLECT, met(full(2, { place: 'work' }))],
    ['us.ma.household.two-in-seven-days', SPOUSE, { ...WORK, ...met(full(2)) }],
    ['us.ma.household.two-in-thirty-days-at-work', SPOUSE, met(full(2, { place: 'work' }))],
  ] as const)('%s not at the other place', (rule, asked, given) => {
    expect(findingOf(MA, rule, asked, given)).toBeUndefined();
  });
});
