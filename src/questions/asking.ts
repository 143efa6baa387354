import type { Ask } from '../contact/decide.ts';
import { type Gathered, gather } from '../contact/gather.ts';
import { type Judged, judge } from '../contact/judge.ts';
import type { PermissionRequest } from '../contact/schemas.ts';
import { askOf } from '../contact/service.ts';
import type { Ctx } from '../context.ts';

/** A question that was put as a check is, with the facts it was judged by. */
export interface Put {
  readonly ask: Ask;
  readonly gathered: Gathered;
  readonly judged: Judged;
}

/** Puts a check to what is on file; takes and records nothing. Throws what a check throws. */
export async function put(ctx: Ctx, request: PermissionRequest): Promise<Put> {
  return (await putAll(ctx, [request]))[0]!;
}

/** The same for many, with one reading. */
export async function putAll(ctx: Ctx, requests: readonly PermissionRequest[]): Promise<Put[]> {
  if (requests.length === 0) return [];
  const asks = requests.map((request) => askOf(ctx, { ...request, mode: 'check', record: false }));
  const found = await gather(ctx.pool, ctx.policy, asks, { recorded: false });
  return asks.map((ask, index) => {
    const gathered = found[index]!;
    return { ask, gathered, judged: judge(ctx.policy, ask, gathered.found) };
  });
}
