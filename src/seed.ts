import { accountInputSchema } from './accounts/schemas.ts';
import { putAccount } from './accounts/service.ts';
import { type Ctx, SCOPES, type Services } from './context.ts';
import { customerInputSchema } from './customers/schemas.ts';
import { putCustomer } from './customers/service.ts';
import type { Db } from './db/database.ts';
import { newDirectiveSchema } from './directives/schemas.ts';
import { recordDirective } from './directives/service.ts';
import { createLogger } from './logger.ts';

/** Sample customers of the embedded default. Their numbers are in a segment that no carrier has; nobody can be called. */
const SAMPLES = 12;
const NAMES = ['张伟', '王芳', '李娜', '刘洋', '陈静', '杨帆', '赵磊', '黄敏', '周杰', '吴倩', '徐强', '孙丽'];

function sampleId(index: number): string {
  return `sample-${String(index + 1).padStart(2, '0')}`;
}

/** True when the last sample is there: an interrupted first start seeds again, a later one never. */
export async function seedIsDone(db: Db): Promise<boolean> {
  const last = await db
    .selectFrom('directives')
    .select('customer_id')
    .where('customer_id', '=', sampleId(SAMPLES - 1))
    .executeTakeFirst();
  return last !== undefined;
}

/** Writes the samples through the same services as any caller. Safe to repeat. */
export async function seedSamples(services: Services): Promise<void> {
  const ctx: Ctx = {
    ...services,
    policy: services.policy.current(),
    policyHolder: services.policy,
    caller: { clientId: 'seed', scopes: new Set(SCOPES), collectorId: null },
    now: services.clock(),
    language: 'zh-CN',
    requestId: 'seed',
    log: await createLogger('silent'),
  };
  for (let index = 0; index < SAMPLES; index += 1) await seedSample(ctx, index);
}

async function seedSample(ctx: Ctx, index: number): Promise<void> {
  const customerId = sampleId(index);
  const today = ctx.now.toZonedDateTimeISO('Asia/Shanghai').toPlainDate();
  const customer = customerInputSchema.parse({
    name: NAMES[index],
    parties: [
      {
        partyId: 'self',
        role: 'debtor',
        name: NAMES[index],
        contactPoints: [
          {
            contactPointId: 'm1',
            kind: 'phone',
            value: `1420000${String(index + 1).padStart(4, '0')}`,
            line: 'mobile',
          },
        ],
      },
      {
        partyId: 'friend',
        role: 'contact',
        name: NAMES[(index + 5) % SAMPLES],
        contactPoints: [
          {
            contactPointId: 'm2',
            kind: 'phone',
            value: `1420001${String(index + 1).padStart(4, '0')}`,
            line: 'mobile',
          },
        ],
      },
    ],
  });
  await putCustomer(ctx, customerId, customer, null);
  const account = accountInputSchema.parse({
    customerId,
    product: 'credit_card',
    currency: 'CNY',
    asOf: ctx.now.toString(),
    status: 'open',
    pastDueSince: today.subtract({ days: 12 + index * 21 }).toString(),
    annualRate: '0.1825',
    balances: {
      principal: `${8000 + index * 2500}.00`,
      interest: `${60 + index * 90}.50`,
      penalty: `${20 + index * 10}.00`,
      fees: '0.00',
    },
    minimumPaymentDue: `${800 + index * 250}.00`,
    creditLimit: '50000.00',
  });
  await putAccount(ctx, `${customerId}-card`, account, null);
  // Agreed to be called round the clock, so that the first commands work at any hour they are pasted.
  const consent = newDirectiveSchema.parse({
    directiveId: 'any-hour',
    kind: 'hours_consent',
    from: today.subtract({ days: 1 }).toString().concat('T00:00:00+08:00'),
    details: { windows: [{ from: '00:00', to: '24:00' }] },
  });
  await recordDirective(ctx, customerId, consent);
}

/** Three commands to paste: permitted, taken, refused with the reason; about a sample that nobody has contacted yet. */
export async function sampleCommands(db: Db, baseUrl: string, key: string): Promise<string[]> {
  const untouched = await db
    .selectFrom('customers')
    .select('customer_id')
    .where('customer_id', 'like', 'sample-%')
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('reservations')
            .select('reservation_id')
            .whereRef('reservations.customer_id', '=', 'customers.customer_id'),
        ),
      ),
    )
    .orderBy('customer_id')
    .executeTakeFirst();
  const question = {
    customerId: untouched?.customer_id ?? sampleId(0),
    contactPointId: 'm1',
    channel: 'voice',
    callerNumber: '95588',
    collector: { kind: 'creditor', id: 'bank' },
  };
  return [
    question,
    { ...question, mode: 'reserve', requestId: 'call-1' },
    { ...question, mode: 'reserve', requestId: 'call-2' },
  ].map(
    (body) =>
      `curl -s ${baseUrl}/v1/contact-permissions -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -H 'Accept-Language: en' -d '${JSON.stringify(body)}'`,
  );
}
