import { describe, expect, it } from 'vitest';
import { type ContactEvent, OUTCOMES, type Outcome } from '../../src/rules/contact/facts.ts';
import type { Given } from './shipped.ts';
import {
  type Asked,
  at,
  BANK,
  COLLECT,
  findingOf,
  full,
  HOME,
  LOCATE,
  met,
  PROCEDURES,
  SPOUSE,
  told,
  VISIT,
  WORK,
} from './us-scope.ts';

const REGF = 'us-reg-f@2021-11-30';
const MA = 'us-ma@2012-03-02';
const OLD = 'us-nyc@2020-06-27';
const NYC = 'us-nyc@2026-09-01';
const WA = 'us-wa@2019-07-28';

const REACHED = 'placed voicemail answered conversation refused delivered pending';
const LEFT = `${REACHED} limited_message`;
const CALLED = `${LEFT} no_answer third_party_answered`;
const BUSY = `${CALLED} busy`;
const TRIED = `${BUSY} not_in_service undelivered`;
const MET = 'placed answered conversation third_party_answered refused pending';
const atWork = { place: 'work' } as const;
const procedures: Given = { ...BANK, ...PROCEDURES };

/** Ways in which one contact differs from the others; the words of a row are those that count all the same. */
const WAYS: Record<string, Partial<ContactEvent>> = {
  another: { collectorId: 'agency-2' },
  misdirected: { misdirected: true },
  respond: { purpose: 'respond' },
  home: { place: 'home' },
  work: { place: 'work' },
};
const PLACES = 'home work';

describe('what counts', () => {
  it.each<[string, string, Asked, Given, Partial<ContactEvent>, number, string, string, string | null]>([
    [REGF, 'us.regf.calls.seven-in-seven', COLLECT, {}, {}, 7, CALLED, `respond ${PLACES}`, '2026-12-03'],
    [REGF, 'us.regf.calls.seven-in-one-day', COLLECT, {}, {}, 6, CALLED, `respond ${PLACES}`, '2026-11-27'],
    [REGF, 'us.regf.contacts.cumulative', COLLECT, {}, {}, 7, CALLED, `respond ${PLACES}`, '2026-12-03'],
    [REGF, 'us.regf.location.once', LOCATE, {}, {}, 1, `${REACHED} third_party_answered`, PLACES, null],
    [MA, 'us.ma.two-in-seven-days', COLLECT, {}, {}, 2, CALLED, 'another home', '2026-12-03'],
    [MA, 'us.ma.two-in-seven-days', COLLECT, HOME, {}, 2, CALLED, 'another home', '2026-12-03'],
    [MA, 'us.ma.two-in-thirty-days-at-work', COLLECT, WORK, atWork, 2, CALLED, 'another work', '2026-12-26'],
    [MA, 'us.ma.household.two-in-seven-days', SPOUSE, {}, {}, 2, CALLED, 'another home', '2026-12-03'],
    [MA, 'us.ma.household.two-in-seven-days', SPOUSE, HOME, {}, 2, CALLED, 'another home', '2026-12-03'],
    [MA, 'us.ma.household.two-in-thirty-days-at-work', SPOUSE, WORK, atWork, 2, CALLED, 'another work', '2026-12-26'],
    [OLD, 'us.nyc.two-in-seven-days', COLLECT, {}, {}, 2, BUSY, `another ${PLACES}`, '2026-12-03'],
    [OLD, 'us.nyc.two-in-seven-days.creditor', COLLECT, procedures, {}, 2, BUSY, `another ${PLACES}`, '2026-12-03'],
    [NYC, 'us.nyc.three-in-seven-days', COLLECT, {}, {}, 3, TRIED, `another ${PLACES}`, '2026-12-03'],
    [NYC, 'us.nyc.three-in-seven-days.creditor', COLLECT, procedures, {}, 3, TRIED, `another ${PLACES}`, '2026-12-03'],
    [WA, 'us.wa.three-in-a-week', COLLECT, {}, {}, 3, LEFT, PLACES, '2026-11-29'],
    [WA, 'us.wa.one-in-a-week-at-work', COLLECT, WORK, atWork, 1, LEFT, 'work', '2026-11-29'],
    [
      WA,
      'us.wa.wireless-two-a-day',
      COLLECT,
      {},
      {},
      2,
      `${TRIED} wrong_number`,
      `misdirected ${PLACES}`,
      '2026-11-27',
    ],
    [
      MA,
      'us.ma.visits.one-in-thirty-days',
      VISIT,
      {},
      { channel: 'visit' },
      1,
      MET,
      `another misdirected ${PLACES}`,
      '2026-12-26',
    ],
    [
      REGF,
      'us.regf.calls.after-conversation',
      COLLECT,
      {},
      {},
      1,
      'conversation refused pending',
      `respond ${PLACES}`,
      '2026-12-03',
    ],
  ])('%s: %s', (id, rule, asked, given, event, count, outcomes, ways, freeOn) => {
    const lastOne = (part: Partial<ContactEvent>) =>
      findingOf(id, rule, asked, { ...given, ...met([...full(count - 1, event), ...full(1, { ...event, ...part })]) });
    const counts = (outcome: Outcome) => lastOne({ outcome }) !== undefined;
    expect(OUTCOMES.filter(counts)).toEqual(OUTCOMES.filter((outcome) => outcomes.split(' ').includes(outcome)));
    const names = Object.keys(WAYS).filter((name) => lastOne(WAYS[name]!) !== undefined);
    expect(names.join(' ')).toBe(ways);
    expect(lastOne({})?.permittedFrom).toBe(freeOn === null ? null : at(`${freeOn}T00:00:00`));
  });

  it('a third person’s wish to be asked again holds for thirty days', () => {
    const before = met(full(1, { at: at('2026-01-05T12:00:00') }));
    const asked = (from: string) =>
      findingOf(REGF, 'us.regf.location.once', LOCATE, { ...before, ...told('call_consent', { from: at(from) }) });
    expect(asked('2026-10-28T00:00:00')).toBeUndefined();
    expect(asked('2026-10-27T23:59:59')).toBeDefined();
  });
});
