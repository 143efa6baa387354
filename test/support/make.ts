import type { TestApp } from './app.ts';

/** A customer with one mobile number and one open account, as a CRM would send them. */
export async function makeDebtor(
  t: TestApp,
  id: string,
  overrides: { phone?: string; residentId?: string | null } = {},
): Promise<void> {
  const { phone = '13800138000', residentId = null } = overrides;
  const customer = await t.call('PUT', `/v1/customers/${id}`, {
    name: '张三',
    residentId,
    parties: [
      {
        partyId: 'self',
        role: 'debtor',
        name: '张三',
        contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: phone, line: 'mobile' }],
      },
      {
        partyId: 'friend',
        role: 'contact',
        name: '李四',
        contactPoints: [{ contactPointId: 'm2', kind: 'phone', value: '13900139000' }],
      },
    ],
  });
  const account = await t.call('PUT', `/v1/accounts/${id}-A1`, {
    customerId: id,
    product: 'credit_card',
    currency: 'CNY',
    asOf: '2026-11-20T00:00:00+08:00',
    pastDueSince: '2026-08-20',
    status: 'open',
    balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00' },
    minimumPaymentDue: '1200.00',
  });
  if (customer.status !== 201 || account.status !== 201) throw new Error(JSON.stringify([customer.body, account.body]));
}

/** An ordinary daytime question about that debtor's mobile number. */
export function askFor(id: string, overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    customerId: id,
    accountIds: [`${id}-A1`],
    contactPointId: 'm1',
    channel: 'voice',
    callerNumber: '95588',
    collector: { kind: 'creditor', id: 'bank' },
    ...overrides,
  };
}

/** A report of an outbound call to that number. */
export function reportOf(
  id: string,
  attemptId: string,
  startedAt: string,
  outcome: string,
  overrides: Record<string, unknown> = {},
) {
  return {
    attemptId,
    customerId: id,
    contactPointId: 'm1',
    channel: 'voice',
    startedAt,
    outcome,
    collector: { kind: 'creditor', id: 'bank' },
    ...overrides,
  };
}
