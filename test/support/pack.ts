export interface PackText {
  readonly pack?: string;
  readonly version: string;
  readonly effectiveFrom?: string;
  readonly effectiveUntil?: string | null;
  readonly jurisdictions?: readonly string[];
  readonly lifecycle?: 'in_force' | 'shadow';
  /** The hours of calls, and the calls that a person may get in a day. */
  readonly from?: string;
  readonly to?: string;
  readonly max?: number;
  readonly account?: boolean;
  readonly examples?: string;
}

/** A small pack: calls from 08:00 to 22:00 and three a day to one person, in UTC, for the jurisdiction ZZ. */
export function packText({
  pack = 'zz-test',
  version,
  effectiveFrom = version,
  effectiveUntil = null,
  jurisdictions = ['ZZ'],
  lifecycle = 'in_force',
  from = '08:00',
  to = '22:00',
  max = 3,
  account = false,
  examples = '[]',
}: PackText): string {
  const quoted = (date: string | null) => (date === null ? 'null' : `"${date}"`);
  return `pack: ${pack}
version: "${version}"
lifecycle: ${lifecycle}
jurisdictions: [${jurisdictions.join(', ')}]
zone: UTC
effectiveFrom: ${quoted(effectiveFrom)}
effectiveUntil: ${quoted(effectiveUntil)}
title: { zh: 测试, en: Test }
checkValiditySeconds: 60
reservationSeconds: 180
${account ? 'account: { graceDays: 3, graceAmount: "10.00", bucketDays: 30, mildUpToBucket: 3 }\n' : ''}sources:
  law: { zh: 法, en: Law }
eventSets:
  calls: { channels: [voice], outcomes: [placed, no_answer, busy, answered, conversation], directions: [outbound] }
rules:
  - id: ${pack}.hours
    kind: hours
    code: CALLING_HOURS
    strength: must
    when: { channels: [voice] }
    zone: pack
    windows: [{ from: "${from}", to: "${to}" }]
    consent: false
    source: law
    confidence: policy
    text: { zh: 时间, en: Hours }
  - id: ${pack}.day
    kind: cap
    code: FREQUENCY_CAP
    strength: must
    when: { channels: [voice] }
    scope: person
    count: calls
    window: { kind: day }
    max: ${max}
    source: law
    confidence: policy
    text: { zh: "{used}", en: "{used} of {max}" }
obligations: []
examples: ${examples}
`;
}
