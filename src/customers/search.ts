import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { unprocessable } from '../errors.ts';
import { normalisePhone } from '../phone.ts';
import { customersOf } from './answer.ts';
import { accountIdsOfCustomers, findCustomers, type SearchKeys, searchCustomerIds } from './repository.ts';
import { foldNumber, searchKeysOf } from './resident-id.ts';
import type { CustomerSearch, CustomerSearchPage } from './schemas.ts';

/**
 * Customers by what somebody knows of them, in the order of their ids: an id of theirs or of an account, a resident id
 * (also one that cannot be right), or a number of anybody around them. What is personal is looked up by its blind index.
 * Throws PHONE_INVALID.
 */
export async function searchCustomers(ctx: Ctx, search: CustomerSearch): Promise<CustomerSearchPage> {
  requireScope(ctx, 'customers:read');
  const { limit, cursor, ...filters } = search;
  const after = cursor === undefined ? null : positionOf(ctx.vault, 'customer-search', filters, cursor);
  const keys = keysOf(ctx, search);
  return ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const ids = await searchCustomerIds(trx, keys, after, limit + 1);
      const shown = ids.slice(0, limit);
      const found = await findCustomers(trx, ctx.vault, shown);
      const stored = found.sort((a, b) => shown.indexOf(a.customerId) - shown.indexOf(b.customerId));
      const accountIds = await accountIdsOfCustomers(trx, shown);
      const customers = await customersOf(ctx, trx, stored);
      return {
        items: customers.map((customer) => ({ customer, accountIds: accountIds.get(customer.customerId) ?? [] })),
        nextCursor: ids.length > limit ? cursorOf(ctx.vault, 'customer-search', filters, shown.at(-1)!) : null,
      };
    });
}

function keysOf({ vault, now }: Ctx, { customerId, accountId, residentId, phone }: CustomerSearch): SearchKeys {
  if (phone !== undefined) {
    const number = normalisePhone(phone);
    if (number === null) throw unprocessable('/phone', 'PHONE_INVALID', 'This is no valid telephone number.');
    return { by: 'phone', key: vault.index('phone', number) };
  }
  if (residentId !== undefined) return { by: 'residentId', keys: searchKeysOf(vault, foldNumber(residentId), now) };
  return customerId === undefined ? { by: 'accountId', id: accountId! } : { by: 'customerId', id: customerId };
}
