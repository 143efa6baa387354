import { accountPolicyAt } from '../accounts/policy.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { AppError, notFound, unprocessable, unprocessableFields } from '../errors.ts';
import { statementOf, statementRecord } from './record.ts';
import { findStatement, listStatementRows, lockAccount, ownerOf, upsertStatements } from './repository.ts';
import type { Statement, StatementInput, StatementPage } from './schemas.ts';

export interface StatementAnswer {
  readonly statement: Statement;
  readonly created: boolean;
}

/**
 * Records a statement; one that says something else about the same day becomes its next version, and a statement that does
 * not add up is kept and marked. Throws NOT_FOUND, PRECONDITION_FAILED when `expectedVersion` is not the newest one, and
 * UNPROCESSABLE for amounts that are too precise, a due date before the statement and a day that is still to come.
 */
export async function putStatement(
  ctx: Ctx,
  accountId: string,
  statementOn: string,
  input: StatementInput,
  expectedVersion: number | null,
): Promise<StatementAnswer> {
  requireScope(ctx, 'accounts:write');
  const { zone } = accountPolicyAt(ctx.policy, ctx.now);
  // A day of grace, as for the state of an account: the core system may be ahead.
  if (statementOn > ctx.now.add({ hours: 24 }).toZonedDateTimeISO(zone).toPlainDate().toString())
    throw unprocessable('/statementOn', 'IN_THE_FUTURE', 'A statement cannot be more than a day in the future.');
  return ctx.db.transaction().execute(async (trx) => {
    const account = await lockAccount(trx, accountId);
    if (!account) throw notFound('/accountId', 'account');
    const of = { customerId: account.customer_id, accountId, statementOn };
    if (expectedVersion !== null && (await findStatement(trx, of, statementOn))?.version !== expectedVersion)
      throw new AppError('PRECONDITION_FAILED', 'The statement has changed since it was read, or does not exist.');
    const by = { clientId: ctx.caller.clientId, importId: null, now: ctx.now };
    const { record, errors } = statementRecord({ ...of, currency: account.currency }, input, by);
    if (errors.length > 0) throw unprocessableFields(errors);
    const outcome = (await upsertStatements(trx, [record])).get(`${accountId}/${statementOn}`);
    const stored = await findStatement(trx, of, statementOn);
    if (!stored) throw new Error('the statement that was just written is gone');
    return { statement: statementOf(stored), created: outcome === 'created' };
  });
}

/** Statements of an account, the newest first, each in its newest version. Throws NOT_FOUND. */
export async function listStatements(
  ctx: Ctx,
  accountId: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<StatementPage> {
  requireScope(ctx, 'accounts:read');
  const filters = { accountId };
  const before = cursor === undefined ? null : positionOf(ctx.vault, 'statements', filters, cursor);
  const customerId = await ownerOf(ctx.db, accountId);
  if (customerId === undefined) throw notFound('/accountId', 'account');
  const rows = await listStatementRows(ctx.db, { customerId, accountId }, before, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(statementOf),
    nextCursor: rows.length > limit && last ? cursorOf(ctx.vault, 'statements', filters, last.statement_on) : null,
  };
}
