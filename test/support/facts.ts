import type { TestApp } from './app.ts';

/** Facts as their own features store them, written straight into the tables: dated at will and by the thousand. */

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

export function storePayment(
  t: TestApp,
  accountId: string,
  paymentId: string,
  postedOn: string,
  amountMinor = 10000,
): Promise<void> {
  const ids = { customer_id: accountId.split('-')[0], account_id: accountId, payment_id: paymentId };
  const more = { details: '{}', fingerprint: PRINT, ...RECORDED };
  return insert(t, 'payments', { ...ids, amount_minor: amountMinor, posted_on: postedOn, ...more });
}

export function storeReversal(t: TestApp, accountId: string, paymentId: string, reversedOn: string): Promise<void> {
  const ids = { customer_id: accountId.split('-')[0], account_id: accountId, payment_id: paymentId };
  const said = { kind: 'chargeback', reversed_on: reversedOn, reason: '张三 says so' };
  return insert(t, 'payment_reversals', { ...ids, ...said, ...RECORDED });
}

export function storeCharge(t: TestApp, accountId: string, chargeId: string, postedOn: string): Promise<void> {
  const ids = { customer_id: accountId.split('-')[0], account_id: accountId, charge_id: chargeId };
  const more = { kind: 'late_fee', amount_minor: 500, details: '{}', fingerprint: PRINT };
  return insert(t, 'account_charges', { ...ids, ...more, posted_on: postedOn, ...RECORDED });
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

/** Gives two customers one key, as a merge does. */
export async function storeMerge(t: TestApp, survivorId: string, mergedId: string, mergedAt: string): Promise<void> {
  await t.database.pool.query(
    `INSERT INTO customer_merges (merge_id, survivor_id, merged_id, from_key, to_key, moved_ids, reason, rule_version, client_id, merged_at)
     SELECT 'mrg_' || $2, $1, $2, m.debtor_key, s.debtor_key, ARRAY[$2], '张三 is 張三', '1', 'test', $3
       FROM customers s, customers m WHERE s.customer_id = $1 AND m.customer_id = $2`,
    [survivorId, mergedId, mergedAt],
  );
  await t.database.pool.query(
    `UPDATE customers SET debtor_key = (SELECT debtor_key FROM customers WHERE customer_id = $1) WHERE customer_id = $2`,
    [survivorId, mergedId],
  );
}
