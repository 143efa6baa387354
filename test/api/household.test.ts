import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00-08:00' });
});
afterAll(() => t?.close());

const collector = { kind: 'third_party', id: 'vendor-1' };
const call = (partyId: string, contactPointId: string) => ({
  mode: 'reserve',
  requestId: `${partyId}-1`,
  customerId: 'H1',
  partyId,
  contactPointId,
  channel: 'voice',
  callerNumber: '+12065550199',
  collector,
});

it('counts a slot just taken for the spouse against the household, in one batch too', async () => {
  const party = (partyId: string, role: string, contactPointId: string, value: string) => {
    return { partyId, role, name: 'A', contactPoints: [{ contactPointId, kind: 'phone', value }] };
  };
  const parties = [party('self', 'debtor', 'm1', '+12065550100'), party('wife', 'spouse', 'm2', '+12065550111')];
  const customer = { name: 'A', jurisdictions: ['US-WA'], timeZones: ['America/Los_Angeles'], parties };
  await t.call('PUT', '/v1/customers/H1', customer);
  await t.call('PUT', '/v1/accounts/H1-A1', {
    customerId: 'H1',
    currency: 'USD',
    asOf: '2026-11-20T00:00:00Z',
    pastDueSince: '2026-08-20',
    balances: { principal: '1.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
  });
  for (const hour of ['10', '15'])
    await t.call('POST', '/v1/contact-attempts', {
      attemptId: `h${hour}`,
      customerId: 'H1',
      contactPointId: 'm1',
      channel: 'sms',
      outcome: 'delivered',
      startedAt: `2026-11-22T${hour}:00:00-08:00`,
      collector,
    });
  const items = [call('wife', 'm2'), call('self', 'm1')];
  const { results } = (await t.call('POST', '/v1/contact-permissions/batch', { items })).body;
  expect(results.map(({ permitted }: { permitted: boolean }) => permitted)).toEqual([true, false]);
  expect(results[1].reasons).toMatchObject([{ code: 'FREQUENCY_CAP', pack: 'us-wa@2019-07-28' }]);
  for (const { decisionId } of results) {
    const { body } = await t.call('POST', `/v1/contact-permissions/${decisionId}/replay`, { as: 'as_known_then' });
    expect(body.differences).toEqual([]);
  }
});
