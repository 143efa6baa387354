import { timelineOf } from '../contact/judge.ts';
import { type Ctx, requireScope } from '../context.ts';
import { budgetsAt, scheduleOf } from '../rules/contact/schedule.ts';
import { DAY, formatInstant, MINUTE } from '../rules/time/zone.ts';
import { put } from './asking.ts';
import type { BudgetAnswer, BudgetRequest } from './schemas.ts';

/**
 * What is left of every cap that applies to such a contact, and when contacts fit into the next days. Like a check it
 * takes nothing: the plan holds until somebody else makes contact. Throws what a check throws.
 */
export async function contactBudget(ctx: Ctx, request: BudgetRequest): Promise<BudgetAnswer> {
  requireScope(ctx, 'contact:check');
  const { days, contacts, minutesApart, ...question } = request;
  const { judged } = await put(ctx, { ...question, mode: 'check' });
  const { facts, verdict } = judged;
  const policy = timelineOf(ctx.policy, facts);
  const zone = verdict.packs[0]?.spec.zone ?? 'UTC';
  const instant = (ms: number) => formatInstant(zone, ms);
  const plan = { contacts, until: verdict.at + days * DAY, apartMs: minutesApart * MINUTE };
  return {
    evaluatedAt: instant(verdict.at),
    policyVersion: verdict.packs.map(({ id }) => id).join('+') || 'none',
    permitted: verdict.permitted,
    nextPermittedAt: verdict.nextPermittedAt === null ? null : instant(verdict.nextPermittedAt),
    budgets: budgetsAt(policy, facts, verdict.at).map(({ rule, slotsReturnAt, ...limit }) => ({
      ruleId: limit.ruleId,
      pack: rule.pack.id,
      code: rule.spec.code,
      strength: rule.spec.strength,
      refuses: rule.spec.effect === 'refuse',
      scope: limit.scope,
      accountId: limit.accountId ?? null,
      used: limit.used,
      max: limit.max,
      remaining: limit.remaining,
      windowFrom: instant(limit.windowFrom),
      windowTo: instant(limit.windowTo),
      countedAttemptIds: [...limit.countedIds],
      slotsReturnAt: slotsReturnAt.filter(Number.isFinite).map(instant),
    })),
    schedule: scheduleOf(policy, facts, verdict.at, plan).map(instant),
  };
}
