import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoredAnswer } from '../../src/contact/answer.ts';
import { storedAnswer } from '../../src/contact/answer.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import type { ContactFacts } from '../../src/rules/contact/facts.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { residentIdOf } from '../support/resident-id.ts';

let t: TestApp;
let made = 0;
/** A fresh debtor with a number of its own for every test. */
let id: string;

beforeAll(async () => {
  t = await buildTestApp();
});
afterAll(() => t?.close());
beforeEach(async () => {
  made += 1;
  id = `C${made}`;
  t.setNow('2026-11-23T10:00:00+08:00');
  await makeDebtor(t, id, { phone: phoneOf(made) });
});

function phoneOf(number: number): string {
  return `137${String(20_000_000 + number)}`;
}

const ask = (overrides: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  t.call('POST', '/v1/contact-permissions', askFor(id, overrides), headers);
const reserve = (requestId: string, overrides: Record<string, unknown> = {}) =>
  ask({ mode: 'reserve', requestId, ...overrides });
const report = (attemptId: string, startedAt: string, outcome: string, overrides: Record<string, unknown> = {}) =>
  t.call('POST', '/v1/contact-attempts', reportOf(id, `${id}:${attemptId}`, startedAt, outcome, overrides));
const day = (time: string) => `2026-11-23T${time}+08:00`;
const codes = (answer: { body: { reasons: { code: string }[] } }) => answer.body.reasons.map((reason) => reason.code);
const direct = (body: Record<string, unknown>) => t.call('POST', `/v1/customers/${id}/directives`, body);

describe('a permission', () => {
  it('is permitted on an ordinary weekday morning, with its duties and its policy version', async () => {
    const { body } = await ask();
    expect(body).toMatchObject({
      permitted: true,
      decision: 'ALLOW',
      reasonCode: null,
      reasons: [],
      evaluatedAt: day('10:00:00'),
      nextPermittedAt: day('10:00:00'),
      validUntil: day('10:01:00'),
      reservationId: null,
      policyVersion: 'cn-credit-card@2026-02-01',
    });
    expect(body.obligations.map((duty: { code: string }) => duty.code)).toEqual([
      'RECORD_CALL',
      'IDENTIFY_CALLER',
      'VERIFY_IDENTITY',
    ]);
  });

  it('is refused at 22:00 with the law, and names 08:00 of the next day', async () => {
    t.setNow(day('22:30:00'));
    const { body } = await ask({}, { 'accept-language': 'en' });
    expect(body).toMatchObject({
      permitted: false,
      decision: 'DENY',
      reasonCode: 'CALLING_HOURS',
      nextPermittedAt: '2026-11-24T08:00:00+08:00',
      retryAfterSeconds: 34200,
      validUntil: null,
    });
    expect(body.reasons[0]).toMatchObject({
      strength: 'must',
      pack: 'cn-credit-card@2026-02-01',
      permittedFrom: '2026-11-24T08:00:00+08:00',
    });
    expect(body.reasons[0].citation).toContain('China Banking Association');
    expect((await ask()).body.reasonText).toContain('22:00至次日8:00');
  });

  it('never outlives the hours: a reservation at 21:58:30 expires at 22:00', async () => {
    t.setNow(day('21:58:30'));
    expect((await reserve('late')).body).toMatchObject({
      permitted: true,
      validUntil: day('22:00:00'),
      reservationExpiresAt: day('22:00:00'),
    });
  });

  it('reports every rule that refuses, in a fixed order', async () => {
    t.setNow(day('23:00:00'));
    const answer = await ask({
      partyId: 'friend',
      contactPointId: 'm2',
      recording: false,
      callerNumber: '13800138000',
      collector: { kind: 'third_party', id: 'vendor-1' },
    });
    expect(codes(answer)).toEqual([
      'THIRD_PARTY',
      'VENDOR_NOT_NOTIFIED',
      'CALLER_NUMBER',
      'RECORDING_REQUIRED',
      'CALLING_HOURS',
    ]);
    expect(answer.body.nextPermittedAt).toBeNull();
  });

  it('asks for the instant that `at` names, and counts only contacts up to it', async () => {
    await report('a', day('09:59:00'), 'no_answer');
    expect((await ask({ at: day('09:58:00') })).body.permitted).toBe(true);
    expect((await ask({ at: day('10:10:00') })).body).toMatchObject({
      permitted: false,
      reasonCode: 'MINIMUM_GAP',
      nextPermittedAt: day('10:29:00'),
    });
    expect((await ask({ at: '2026-11-23T03:00:00Z' })).body).toMatchObject({
      permitted: true,
      evaluatedAt: day('11:00:00'),
    });
  });

  it('is denied before any version of the pack is in force, and for a jurisdiction without a pack', async () => {
    expect((await ask({ at: '2025-06-01T10:00:00+08:00' })).body).toMatchObject({
      permitted: false,
      reasonCode: 'MISSING_FACTS',
      policyVersion: 'none',
      nextPermittedAt: null,
    });
    await t.call('PUT', '/v1/customers/X1', {
      name: 'A',
      jurisdictions: ['FR'],
      timeZones: ['Europe/Paris'],
      parties: [
        {
          partyId: 'self',
          role: 'debtor',
          name: 'A',
          contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: '+33612345678' }],
        },
      ],
    });
    expect(
      (await t.call('POST', '/v1/contact-permissions', { ...askFor('X1'), accountIds: undefined })).body,
    ).toMatchObject({ permitted: false, reasonCode: 'MISSING_FACTS' });
  });

  it('is denied when no account of the customer is known', async () => {
    await t.call('PUT', '/v1/customers/X2', {
      name: 'A',
      parties: [
        {
          partyId: 'self',
          role: 'debtor',
          name: 'A',
          contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: '13711112222' }],
        },
      ],
    });
    expect(
      (await t.call('POST', '/v1/contact-permissions', { ...askFor('X2'), accountIds: undefined })).body,
    ).toMatchObject({ permitted: false, reasonCode: 'MISSING_FACTS' });
  });

  it('takes the number as the dialer has it, normalised, and denies one that is not on file', async () => {
    const byAddress = (address: string) => ask({ contactPointId: undefined, address });
    for (const address of [
      phoneOf(made),
      `0${phoneOf(made)}`,
      `+86 ${phoneOf(made)}`,
      `０${[...phoneOf(made)].map((d) => String.fromCharCode(0xff10 + Number(d))).join('')}`,
    ]) {
      expect((await byAddress(address)).body.permitted, address).toBe(true);
    }
    expect((await byAddress('13711119999')).body).toMatchObject({
      permitted: false,
      reasonCode: 'INVALID_CONTACT_POINT',
    });
    expect(await byAddress('12')).toMatchObject({
      status: 422,
      body: { code: 'PHONE_INVALID', errors: [{ pointer: '/address' }] },
    });
  });

  it('refuses unknown ids with the pointer, never with a decision', async () => {
    for (const [overrides, pointer] of [
      [{ customerId: 'nobody' }, '/customerId'],
      [{ partyId: 'nobody' }, '/partyId'],
      [{ contactPointId: 'nothing' }, '/contactPointId'],
      [{ accountIds: [`${id}-A1`, 'nothing'] }, '/accountIds/1'],
    ] as const) {
      expect(await ask(overrides)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND', errors: [{ pointer }] } });
      expect(await ask({ ...overrides, mode: 'reserve' })).toMatchObject({
        status: 404,
        body: { errors: [{ pointer }] },
      });
    }
  });

  it.each([
    [{ channel: 'fax' }, '/channel', 'INVALID_VALUE'],
    [{ at: '2026-11-23T10:00:00' }, '/at', 'INVALID_FORMAT'],
    [{ at: '2026-02-30T10:00:00+08:00' }, '/at', 'INVALID_FORMAT'],
    [{ at: '2026-11-23T10:00:00+08:00', mode: 'reserve' }, '/at', 'INVALID_VALUE'],
    [{ automated: 'yes' }, '/automated', 'INVALID_TYPE'],
    [{ contactPointId: undefined }, '/contactPointId', 'REQUIRED'],
    [{ requestId: 'x'.repeat(129) }, '/requestId', 'INVALID_FORMAT'],
    [{ accountIds: [] }, '/accountIds', 'TOO_SMALL'],
    [{ surprise: 1 }, '/surprise', 'UNKNOWN_FIELD'],
    [{ collector: { kind: 'creditor', id: 'bank', boss: 1 } }, '/collector/boss', 'UNKNOWN_FIELD'],
    [{ collector: undefined }, '/collector', 'REQUIRED'],
  ])('refuses %j as malformed', async (overrides, pointer, code) => {
    expect(await ask(overrides)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: expect.arrayContaining([expect.objectContaining({ pointer, code })]) },
    });
  });
});

describe('a reservation', () => {
  it('takes the slot: the next question is refused until half an hour later', async () => {
    const taken = await reserve('one');
    expect(taken.body).toMatchObject({ permitted: true, reservationExpiresAt: day('10:03:00') });
    expect((await ask()).body).toMatchObject({
      permitted: false,
      reasonCode: 'MINIMUM_GAP',
      nextPermittedAt: day('10:30:00'),
    });
    t.setNow(day('10:29:59'));
    expect((await ask()).body.permitted).toBe(false);
    t.setNow(day('10:30:00'));
    expect((await ask()).body.permitted).toBe(true);
  });

  it('gives a repeated requestId the first answer, a refusal too, and 422 for another question', async () => {
    const first = await reserve('same');
    expect((await reserve('same')).body).toEqual(first.body);
    const refused = await reserve('other');
    t.setNow(day('12:00:00'));
    expect((await reserve('other')).body).toEqual(refused.body);
    expect(await reserve('other', { purpose: 'service' })).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_CONFLICT' },
    });
  });

  it('counts on after it expires, and is free again once released', async () => {
    const { body } = await reserve('one');
    t.setNow(day('10:10:00'));
    expect((await t.call('GET', `/v1/reservations/${body.reservationId}`)).body.status).toBe('expired');
    expect((await ask()).body.permitted).toBe(false);
    const released = await t.call('POST', `/v1/reservations/${body.reservationId}/release`, { reason: 'line busy' });
    expect(released.body).toMatchObject({
      status: 'released',
      releasedAt: day('10:10:00'),
      releaseReason: 'line busy',
    });
    expect((await ask()).body).toMatchObject({ permitted: true, limits: [{ used: 0 }, { used: 0 }, { used: 0 }] });
    expect(
      (await t.call('POST', `/v1/reservations/${body.reservationId}/release`, { reason: 'again' })).body.releaseReason,
    ).toBe('line busy');
  });

  it('cannot be released once an outcome is reported', async () => {
    const { body } = await reserve('one');
    const attempt = await report('one', day('10:00:10'), 'no_answer', { reservationId: body.reservationId });
    expect(attempt).toMatchObject({
      status: 201,
      body: { reservationId: body.reservationId, late: false, accountIds: [`${id}-A1`] },
    });
    expect(await t.call('POST', `/v1/reservations/${body.reservationId}/release`, { reason: 'no' })).toMatchObject({
      status: 409,
      body: { code: 'RESERVATION_SETTLED' },
    });
    expect((await t.call('GET', `/v1/reservations/${body.reservationId}`)).body).toMatchObject({
      status: 'reported',
      attemptId: `${id}:one`,
    });
  });

  it('three unreported ones fill the cap of three connected calls: any of them may have been connected', async () => {
    for (const [index, time] of ['10:00:00', '10:30:00', '11:00:00'].entries()) {
      t.setNow(day(time));
      expect((await reserve(`r${index}`)).body.permitted).toBe(true);
    }
    t.setNow(day('12:00:00'));
    const refused = await ask();
    expect(refused.body).toMatchObject({ reasonCode: 'FREQUENCY_CAP', nextPermittedAt: '2026-11-24T08:00:00+08:00' });
    expect(refused.body.limits[1].countedAttemptIds).toHaveLength(3);
  });
});

describe('the caps', () => {
  it('refuse the seventh unanswered call to a number on one day, with the six that count and the guideline', async () => {
    for (let hour = 9; hour < 15; hour += 1) {
      t.setNow(day(`${String(hour).padStart(2, '0')}:00:00`));
      await report(`a${hour}`, day(`${String(hour).padStart(2, '0')}:00:00`), hour % 2 ? 'no_answer' : 'busy');
    }
    t.setNow(day('20:00:00'));
    const { body } = await ask({}, { 'accept-language': 'en' });
    expect(body).toMatchObject({
      permitted: false,
      reasonCode: 'FREQUENCY_CAP',
      nextPermittedAt: '2026-11-24T08:00:00+08:00',
    });
    expect(body.reasons).toHaveLength(1);
    expect(body.reasons[0].citation).toContain('Guideline');
    expect(body.reasons[0].text).toContain('6 a day; 6 are counted');
    expect(body.limits[0]).toMatchObject({
      scope: 'number',
      used: 6,
      max: 6,
      windowFrom: '2026-11-23T00:00:00+08:00',
      windowTo: '2026-11-24T00:00:00+08:00',
      resetsAt: '2026-11-24T00:00:00+08:00',
    });
    expect(body.limits[0].countedAttemptIds).toEqual([9, 10, 11, 12, 13, 14].map((hour) => `${id}:a${hour}`));
  });

  it('count three connected calls a day over the bank and all vendors', async () => {
    await direct({ kind: 'vendor_notice', details: { collectorId: 'vendor-1' } });
    const vendor = { collector: { kind: 'third_party', id: 'vendor-1' } };
    await report('a', day('08:10:00'), 'conversation');
    await report('b', day('08:50:00'), 'answered', vendor);
    expect((await ask(vendor)).body.permitted).toBe(true);
    await report('c', day('09:25:00'), 'conversation', vendor);
    expect((await ask()).body).toMatchObject({ permitted: false, reasonCode: 'FREQUENCY_CAP' });
    expect((await ask(vendor)).body).toMatchObject({ permitted: false, reasonCode: 'FREQUENCY_CAP' });
  });

  it('are one budget for a number that two customers share', async () => {
    await makeDebtor(t, `${id}b`, { phone: phoneOf(made) });
    await report('a', day('09:50:00'), 'no_answer');
    const other = await t.call('POST', '/v1/contact-permissions', askFor(`${id}b`));
    expect(other.body).toMatchObject({
      permitted: false,
      reasonCode: 'MINIMUM_GAP',
      limits: [{ scope: 'number', used: 1 }, { scope: 'person', used: 0 }, { used: 1 }],
    });
  });

  it('are one budget for two customers with one resident id', async () => {
    const residentId = residentIdOf(made);
    await makeDebtor(t, `${id}p`, { phone: '13655550001', residentId });
    await makeDebtor(t, `${id}q`, { phone: '13655550002', residentId: residentId.toLowerCase() });
    await t.call('POST', '/v1/contact-attempts', reportOf(`${id}p`, `${id}:p`, day('09:50:00'), 'conversation'));
    const other = await t.call('POST', '/v1/contact-permissions', askFor(`${id}q`));
    expect(other.body).toMatchObject({
      permitted: false,
      reasonCode: 'MINIMUM_GAP',
      limits: [{ scope: 'number', used: 0 }, { scope: 'person', used: 1 }, { used: 0 }],
    });
  });

  it('limit text messages to two a day and five in seven days', async () => {
    const sms = { channel: 'sms', callerNumber: undefined };
    for (const [index, date] of ['17', '18', '19', '23', '23'].entries()) {
      await report(`s${index}`, `2026-11-${date}T09:0${index}:00+08:00`, 'delivered', { channel: 'sms' });
    }
    const { body } = await ask(sms);
    expect(body.reasons.map((reason: { ruleId: string }) => reason.ruleId)).toEqual([
      'cn.sms.person-day',
      'cn.sms.person-week',
      'cn.sms.number-day',
    ]);
    expect(body.nextPermittedAt).toBe('2026-11-24T08:00:00+08:00');
  });
});

describe('directives', () => {
  it('consent opens an hour outside the pack, only for whom and while it holds', async () => {
    t.setNow(day('22:30:00'));
    const consent = {
      directiveId: 'D1',
      kind: 'hours_consent',
      partyId: 'self',
      from: '2026-11-01T00:00:00+08:00',
      details: { windows: [{ days: ['mon'], from: '22:00', to: '23:00' }] },
    };
    expect((await direct(consent)).status).toBe(201);
    expect((await direct(consent)).status).toBe(200);
    expect(await direct({ ...consent, until: '2027-01-01T00:00:00+08:00' })).toMatchObject({
      status: 409,
      body: { code: 'DIRECTIVE_CONFLICT' },
    });
    expect((await ask()).body).toMatchObject({ permitted: true, validUntil: day('22:31:00') });
    t.setNow(day('23:00:00'));
    expect((await ask()).body).toMatchObject({ permitted: false, nextPermittedAt: '2026-11-24T08:00:00+08:00' });
    t.setNow('2026-11-24T22:30:00+08:00');
    expect((await ask()).body.permitted).toBe(false);
    expect((await t.call('POST', `/v1/customers/${id}/directives/D1/end`, {})).body).toMatchObject({
      inForce: false,
      endedAt: '2026-11-24T22:30:00+08:00',
    });
    t.setNow('2026-11-30T22:30:00+08:00');
    expect((await ask()).body.permitted).toBe(false);
  });

  it('a consent that is known and starts later counts for the next permitted instant', async () => {
    t.setNow(day('22:10:00'));
    await direct({
      kind: 'hours_consent',
      from: day('23:15:00'),
      details: { windows: [{ from: '22:00', to: '24:00' }] },
    });
    expect((await ask()).body).toMatchObject({ permitted: false, nextPermittedAt: day('23:15:00') });
  });

  it('a contact person may be asked only for the way to an unreachable debtor, once a day, until it refuses', async () => {
    const friend = { partyId: 'friend', contactPointId: 'm2', purpose: 'locate' };
    expect(codes(await ask({ ...friend, purpose: 'collect' }))).toEqual(['THIRD_PARTY']);
    expect(codes(await ask(friend))).toEqual(['DEBTOR_REACHABLE']);
    for (const [index, time] of ['08:00:00', '08:40:00', '09:20:00'].entries())
      await report(`u${index}`, `2026-11-22T${time}+08:00`, 'no_answer');
    const permitted = await ask(friend);
    expect(permitted.body.permitted).toBe(true);
    expect(permitted.body.obligations.map((duty: { code: string }) => duty.code)).toContain('NO_DEBT_DETAILS');
    await report('f', day('09:00:00'), 'conversation', { partyId: 'friend', contactPointId: 'm2', purpose: 'locate' });
    expect((await ask(friend)).body).toMatchObject({ permitted: false, reasonCode: 'FREQUENCY_CAP' });
    await direct({ kind: 'third_party_refusal', partyId: 'friend' });
    expect(codes(await ask({ ...friend, at: '2026-11-30T10:00:00+08:00' }))).toEqual(['THIRD_PARTY_REFUSED']);
    expect((await ask()).body.permitted).toBe(true);
  });

  it.each([
    ['dispute', {}, 'DISPUTED'],
    ['bankruptcy_accepted', {}, 'BANKRUPTCY'],
    ['deceased', {}, 'DECEASED'],
    ['incapacity', {}, 'INCAPACITY'],
    ['hardship_hold', {}, 'HARDSHIP_HOLD'],
    ['cease', {}, 'CEASED'],
    ['represented', {}, 'REPRESENTED'],
    ['channel_opt_out', { channel: 'voice' }, 'CHANNEL_OPT_OUT'],
    ['address_opt_out', { contactPointId: 'm1' }, 'ADDRESS_OPT_OUT'],
    ['time_restriction', { details: { windows: [{ from: '09:00', to: '12:00' }] } }, 'INCONVENIENT_TIME'],
  ])('%s refuses', async (kind, rest, code) => {
    expect((await direct({ kind, ...rest, until: '2026-12-01T00:00:00+08:00' })).status).toBe(201);
    const answer = await ask();
    expect(codes(answer)).toEqual([code]);
    expect(answer.body.nextPermittedAt).toBe(
      code === 'INCONVENIENT_TIME' ? day('12:00:00') : '2026-12-01T08:00:00+08:00',
    );
  });

  it('with details of another kind, unknown references or an end before the start are refused', async () => {
    expect(await direct({ kind: 'hours_consent', details: {} })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/details/windows', code: 'REQUIRED' }] },
    });
    expect(await direct({ kind: 'cease', details: { windows: [] } })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/details/windows', code: 'UNKNOWN_FIELD' }] },
    });
    expect(await direct({ kind: 'cease', partyId: 'nobody' })).toMatchObject({
      status: 404,
      body: { errors: [{ pointer: '/partyId' }] },
    });
    expect(await direct({ kind: 'cease', from: day('10:00:00'), until: day('09:00:00') })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/until', code: 'OUT_OF_ORDER' }] },
    });
    expect(
      await direct({ kind: 'time_restriction', details: { windows: [{ from: '22:00', to: '06:00' }] } }),
    ).toMatchObject({ status: 400 });
  });
});

describe('attempts', () => {
  it('give the same report the first result, complete a placed call and refuse another story', async () => {
    expect(await report('x', day('09:00:00'), 'placed')).toMatchObject({ status: 201 });
    expect(await report('x', day('09:00:00'), 'placed')).toMatchObject({ status: 200 });
    const completed = await report('x', day('09:00:00'), 'conversation', {
      endedAt: day('09:03:00'),
      identityVerified: true,
    });
    expect(completed).toMatchObject({
      status: 200,
      body: { outcome: 'conversation', endedAt: day('09:03:00'), corrections: [{ correctionNo: 1 }] },
    });
    expect(
      await report('x', day('09:00:00'), 'conversation', { endedAt: day('09:03:00'), identityVerified: true }),
    ).toMatchObject({ status: 200, body: { corrections: [{ correctionNo: 1 }] } });
    expect(await report('x', day('09:00:00'), 'placed')).toMatchObject({
      status: 200,
      body: { outcome: 'conversation' },
    });
    expect(await report('x', day('09:00:00'), 'no_answer')).toMatchObject({
      status: 409,
      body: { code: 'ATTEMPT_CONFLICT' },
    });
  });

  it('are found by requestId when the dialer uses one id for both, and are late without a live reservation', async () => {
    await reserve(`${id}:call`);
    expect((await report('call', day('10:00:20'), 'no_answer')).body).toMatchObject({
      late: false,
      reservationId: expect.stringMatching(/^res_/),
    });
    t.setNow(day('10:31:00'));
    const { body } = await reserve('second');
    expect(
      (await report('after', day('10:34:30'), 'no_answer', { reservationId: body.reservationId })).body,
    ).toMatchObject({ late: true });
    expect((await report('none', day('09:00:00'), 'no_answer')).body).toMatchObject({
      late: true,
      reservationId: null,
    });
    expect((await report('in', day('09:30:00'), 'conversation', { direction: 'inbound' })).body.late).toBe(false);
    expect((await ask()).body.limits.map((limit: { used: number }) => limit.used)).toEqual([3, 0, 2]);
  });

  it('can be corrected: what counts changes from now on, what was recorded stays', async () => {
    await report('x', day('09:50:00'), 'conversation');
    const before = (await ask({ record: true })).body;
    const corrected = await t.call('PATCH', `/v1/contact-attempts/${id}:x`, {
      outcome: 'wrong_number',
      note: '接听者称号码已换',
    });
    expect(corrected).toMatchObject({
      status: 200,
      body: { outcome: 'wrong_number', corrections: [{ fields: ['outcome', 'note'] }] },
      headers: { etag: '"v2"' },
    });
    expect(codes(await ask({ at: day('12:00:00') }))).toEqual(['WRONG_NUMBER']);
    const stored = await t.call('GET', `/v1/contact-permissions/${before.decisionId}`);
    expect(stored.body.limits).toEqual(before.limits);
    await t.call('PATCH', `/v1/contact-attempts/${id}:x`, { outcome: 'no_answer' }, { 'if-match': '"v2"' });
    expect((await ask({ at: day('12:00:00') })).body).toMatchObject({
      permitted: true,
      limits: [{ used: 1 }, { used: 0 }, { used: 0 }],
    });
    expect(
      (await t.call('PATCH', `/v1/contact-attempts/${id}:x`, { outcome: 'busy' }, { 'if-match': '"v2"' })).status,
    ).toBe(412);
  });

  it('from the future, ended before they started or about unknown ids are refused', async () => {
    expect(await report('f', day('10:05:01'), 'no_answer')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/startedAt', code: 'IN_THE_FUTURE' }] },
    });
    expect(await report('f', day('09:00:00'), 'no_answer', { endedAt: day('08:59:59') })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/endedAt' }] },
    });
    expect(await report('f', day('09:00:00'), 'no_answer', { reservationId: 'res_unknown' })).toMatchObject({
      status: 404,
      body: { errors: [{ pointer: '/reservationId' }] },
    });
    expect(await report('f', day('09:00:00'), 'no_answer', { contactPointId: 'm9' })).toMatchObject({
      status: 404,
      body: { errors: [{ pointer: '/contactPointId' }] },
    });
    expect((await t.call('GET', '/v1/contact-attempts/unknown')).status).toBe(404);
  });
});

describe('the record', () => {
  it('replays to the same bytes from its stored facts and policy version', async () => {
    await report('a', day('09:50:00'), 'no_answer');
    await direct({ kind: 'time_restriction', details: { windows: [{ from: '12:00', to: '14:00' }] } });
    for (const overrides of [
      {},
      { at: day('12:30:00') },
      { partyId: 'friend', contactPointId: 'm2', purpose: 'locate' },
    ]) {
      const { body } = await ask({ record: true, ...overrides });
      const row = await t.services.db
        .selectFrom('decisions')
        .selectAll()
        .where('decision_id', '=', body.decisionId)
        .executeTakeFirstOrThrow();
      const packs = row.policy_version.split('+').map((version) => t.services.policy.current().byId(version)!.compiled);
      const verdict = evaluate(packs, row.facts as unknown as ContactFacts, row.evaluated_at.epochMilliseconds);
      const again = storedAnswer({ verdict, shadow: [] }, { decisionId: body.decisionId, reservationId: null });
      expect(JSON.stringify(again)).toBe(JSON.stringify(row.answer as unknown as StoredAnswer));
    }
  });

  it('holds no name, number or resident id, nor do the logs', async () => {
    await ask({ contactPointId: undefined, address: phoneOf(made), record: true });
    await report('n', day('09:00:00'), 'conversation', { note: 'met 张三' });
    const rows = await t.services.db.selectFrom('decisions').selectAll().where('customer_id', '=', id).execute();
    const corrections = await t.services.db.selectFrom('attempts').selectAll().where('customer_id', '=', id).execute();
    const noBigInt = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    const text = JSON.stringify([rows, corrections], noBigInt) + t.logged.join('\n');
    for (const secret of [phoneOf(made), '张三', '李四', '13900139000']) expect(text).not.toContain(secret);
  });

  it('is found by its id when recorded, 404 when not', async () => {
    const recorded = await ask({ record: true });
    const { permissionToken: _, ...answer } = recorded.body;
    expect((await t.call('GET', `/v1/contact-permissions/${answer.decisionId}`)).body).toMatchObject({
      ...answer,
      record: { mode: 'check', customerId: id },
    });
    expect((await t.call('GET', `/v1/contact-permissions/${(await ask()).body.decisionId}`)).status).toBe(404);
    expect((await t.call('GET', '/v1/contact-permissions/dec_nonsense')).status).toBe(404);
  });
});
