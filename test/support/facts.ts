import type { TestApp, TestHeaders } from './app.ts';

/** Facts of a customer's history, dated at will; those that come by the thousand go straight into the tables. */

type Row = Readonly<Record<string, unknown>>;

async function insert(t: TestApp, table: string, row: Row): Promise<void> {
  const columns = Object.keys(row);
  const values = columns.map((_, index) => `$${index + 1}`);
  await t.database.pool.query(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values.join(', ')})`,
    Object.values(row),
  );
}

const RECORDED = { client_id: 'test', recorded_at: '2026-11-23T00:00:00Z' };
const PRINT = Buffer.alloc(32, 1);

async function post(t: TestApp, path: string, body: Row, headers: TestHeaders = {}): Promise<void> {
  const answer = await t.call('POST', path, body, headers);
  if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
}

export function storePayment(
  t: TestApp,
  accountId: string,
  paymentId: string,
  postedOn: string,
  amount = '100.00',
): Promise<void> {
  return post(t, `/v1/accounts/${accountId}/payments`, { paymentId, postedOn, amount });
}

export function storeReversal(t: TestApp, accountId: string, paymentId: string, reversedOn: string): Promise<void> {
  return post(t, `/v1/accounts/${accountId}/payments/${paymentId}/reversal`, { kind: 'chargeback', reversedOn });
}

export function storeCharge(t: TestApp, accountId: string, chargeId: string, postedOn: string): Promise<void> {
  return post(t, `/v1/accounts/${accountId}/charges`, { chargeId, kind: 'other_fee', amount: '5.00', postedOn });
}

export function storeAttempt(
  t: TestApp,
  customerId: string,
  attemptId: string,
  startedAt: string,
  more: Row = {},
): Promise<void> {
  return insert(t, 'attempts', {
    customer_id: customerId,
    attempt_id: attemptId,
    started_at: startedAt,
    party_id: 'self',
    contact_point_id: 'm1',
    person_key: Buffer.alloc(16, 3),
    account_ids: [`${customerId}-A1`],
    channel: 'voice',
    direction: 'outbound',
    purpose: 'collect',
    outcome: 'no_answer',
    automated: false,
    collector_kind: 'creditor',
    collector_id: 'bank',
    details: '{}',
    late: false,
    fingerprint: PRINT,
    ...RECORDED,
    ...more,
  });
}

export function storeDirective(t: TestApp, customerId: string, directiveId: string, from: string): Promise<void> {
  const more = { kind: 'dispute', details: '{}', fingerprint: PRINT, ...RECORDED };
  return insert(t, 'directives', { customer_id: customerId, directive_id: directiveId, valid_from: from, ...more });
}

export function storeIncident(t: TestApp, customerId: string, incidentId: string, occurredAt: string): Promise<void> {
  const what = { kind: 'orphan', collector_id: 'vendor-7', channel: 'voice', status: 'open' };
  const when = { occurred_at: occurredAt, detected_at: RECORDED.recorded_at };
  return insert(t, 'incidents', { incident_id: incidentId, customer_id: customerId, ...what, ...when });
}

/** Merges two customers as if it were said then. */
export function storeMerge(t: TestApp, survivorId: string, mergedId: string, mergedAt: string): Promise<void> {
  const merge = { mergeId: `mrg_${mergedId}`, survivorId, mergedId, reason: '张三 is 張三' };
  return post(t, '/v1/customer-merges', merge, { 'test-clock': mergedAt });
}
