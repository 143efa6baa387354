import type { Language } from '../context.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import type { Finding } from '../rules/contact/evaluate.ts';
import type { ReasonCode, Strength } from '../rules/contact/policy.ts';
import { formatInstant } from '../rules/time/zone.ts';
import type { Judged } from './judge.ts';
import type { PermissionAnswer } from './schemas.ts';

/** A reason as it is stored: without texts, which come from the immutable pack in whichever language is asked. */
interface StoredReason {
  readonly code: ReasonCode;
  readonly ruleId: string;
  readonly pack: string;
  readonly strength: Strength;
  readonly permittedFrom: string | null;
  readonly used: number | null;
  readonly max: number | null;
}

/** The answer as it is stored and replayed to the same bytes. */
export interface StoredAnswer
  extends Omit<
    PermissionAnswer,
    'reasons' | 'warnings' | 'obligations' | 'shadow' | 'reasonText' | 'reasonCode' | 'permissionToken'
  > {
  readonly reasons: readonly StoredReason[];
  readonly warnings: readonly StoredReason[];
  readonly obligations: readonly { readonly code: string; readonly pack: string }[];
  readonly shadow: readonly {
    readonly pack: string;
    readonly permitted: boolean;
    readonly reasons: readonly StoredReason[];
  }[];
}

/** The engine's own refusal, when a jurisdiction has no pack in force: fail closed. */
const NO_POLICY: StoredReason = {
  code: 'MISSING_FACTS',
  ruleId: 'engine.policy',
  pack: 'none',
  strength: 'must',
  permittedFrom: null,
  used: null,
  max: null,
};
const NO_POLICY_TEXT = {
  'zh-CN': { text: '该客户所在法域没有生效的规则包，不得联系。', citation: '系统默认：缺少规则即拒绝' },
  en: {
    text: 'No policy pack is in force for this jurisdiction, so nobody may be contacted.',
    citation: 'System default: no rule, no permission',
  },
};

export interface Grant {
  readonly decisionId: string;
  readonly reservationId: string | null;
}

/** Seconds of 1000 ms, rounded up: waiting that long is always enough. */
function secondsUntil(from: number, to: number): number {
  return Math.max(0, Math.ceil((to - from) / 1000));
}

/** Puts a verdict into the contract's shape. Instants are written in the zone of the first pack. */
export function storedAnswer(
  { verdict, shadow }: Pick<Judged, 'verdict' | 'shadow'>,
  { decisionId, reservationId }: Grant,
): StoredAnswer {
  const zone = verdict.packs[0]?.spec.zone ?? 'UTC';
  const instant = (ms: number | null) => (ms === null ? null : formatInstant(zone, ms));
  const reason = ({ rule, code, permittedFrom, limit }: Finding): StoredReason => ({
    code,
    ruleId: rule.spec.id,
    pack: rule.pack.id,
    strength: rule.spec.strength,
    permittedFrom: instant(permittedFrom),
    used: limit?.used ?? null,
    max: limit?.max ?? null,
  });
  const seconds = verdict.packs.map(({ spec }) =>
    reservationId === null ? spec.checkValiditySeconds : spec.reservationSeconds,
  );
  const validUntil = verdict.permitted
    ? Math.min(verdict.at + Math.min(...seconds) * 1000, verdict.closesAt ?? Number.POSITIVE_INFINITY)
    : null;
  return {
    decisionId,
    permitted: verdict.permitted,
    decision: verdict.permitted ? 'ALLOW' : 'DENY',
    evaluatedAt: formatInstant(zone, verdict.at),
    nextPermittedAt: instant(verdict.nextPermittedAt),
    nextPermittedBecause: verdict.nextPermittedBecause.map(({ spec, pack }) => ({
      code: spec.code,
      ruleId: spec.id,
      pack: pack.id,
    })),
    retryAfterSeconds: verdict.nextPermittedAt === null ? null : secondsUntil(verdict.at, verdict.nextPermittedAt),
    validUntil: instant(validUntil),
    reservationId,
    reservationExpiresAt: reservationId === null ? null : instant(validUntil),
    policyVersion: verdict.packs.map((pack) => pack.id).join('+') || 'none',
    reasons: verdict.packs.length === 0 ? [NO_POLICY] : verdict.reasons.map(reason),
    warnings: verdict.warnings.map(reason),
    limits: verdict.limits.map((limit) => ({
      ruleId: limit.ruleId,
      scope: limit.scope,
      accountId: limit.accountId,
      used: limit.used,
      max: limit.max,
      windowFrom: formatInstant(zone, limit.windowFrom),
      windowTo: formatInstant(zone, limit.windowTo),
      countedAttemptIds: [...limit.countedIds],
      resetsAt: instant(limit.resetsAt),
    })),
    obligations: verdict.obligations.map(({ spec, pack }) => ({ code: spec.code, pack: pack.id })),
    shadow: shadow.map(({ pack, verdict: other }) => ({
      pack: pack.id,
      permitted: other.permitted,
      reasons: other.reasons.map(reason),
    })),
  };
}

/** Adds the texts of the pack versions that decided. A version that is no longer loaded keeps its codes and says so. */
export function renderAnswer(stored: StoredAnswer, policy: PolicyRegistry, language: Language): PermissionAnswer {
  const key = language === 'en' ? 'en' : 'zh';
  const reasons = stored.reasons.map((reason) => renderReason(reason, policy, language));
  const { obligations, warnings, shadow, ...rest } = stored;
  return {
    ...rest,
    permissionToken: null,
    reasonCode: reasons[0]?.code ?? null,
    reasonText: reasons[0]?.text ?? null,
    reasons,
    warnings: warnings.map((reason) => renderReason(reason, policy, language)),
    obligations: obligations.map(({ code, pack }) => ({
      code,
      text: policy.byId(pack)?.compiled.obligations.find((one) => one.spec.code === code)?.spec.text[key] ?? code,
    })),
    shadow: shadow.map((other) => ({
      ...other,
      reasons: other.reasons.map((reason) => renderReason(reason, policy, language)),
    })),
  };
}

function renderReason(
  { used, max, ...reason }: StoredReason,
  policy: PolicyRegistry,
  language: Language,
): PermissionAnswer['reasons'][number] {
  if (reason.ruleId === NO_POLICY.ruleId) return { ...reason, ...NO_POLICY_TEXT[language] };
  const key = language === 'en' ? 'en' : 'zh';
  const spec = policy.byId(reason.pack)?.compiled.ruleById.get(reason.ruleId)?.spec;
  const text = (spec?.text[key] ?? reason.code).replace('{used}', String(used)).replace('{max}', String(max));
  return { ...reason, citation: spec?.citation[key] ?? reason.pack, text };
}
