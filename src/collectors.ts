import { type Ctx, requireScope } from './context.ts';
import { AppError } from './errors.ts';

/** True for the bank's own systems, which may read what every client asked and every collector did; a vendor may not. */
export function seesAll({ caller }: Ctx): boolean {
  return caller.collectorId === null && (caller.scopes.has('customers:read') || caller.scopes.has('admin'));
}

/** Throws FORBIDDEN for a key that is bound to a collector: what others did with a customer is the bank's to read. */
export function requireSeesAll(ctx: Ctx): void {
  if (!seesAll(ctx)) throw new AppError('FORBIDDEN', 'A key of a collector does not read what other collectors did.');
}

/**
 * The collector whose contacts a caller reads about: its own for a vendor (scope contact:report), the wanted one for the
 * bank (customers:read or admin), null for all of them. Throws FORBIDDEN.
 */
export function readableCollector(ctx: Ctx, wanted: string | undefined): string | null {
  const own = ctx.caller.collectorId;
  if (own === null) {
    if (!seesAll(ctx)) requireScope(ctx, 'customers:read');
    return wanted ?? null;
  }
  requireScope(ctx, 'contact:report');
  if (wanted !== undefined && wanted !== own)
    throw new AppError('FORBIDDEN', `This key may read only about the collector ${own}.`);
  return own;
}
