import { describe, expect, it } from 'vitest';
import type { PackDocument } from '../../src/policy/schema.ts';
import { shipped } from './shipped.ts';

const { document } = shipped('cn-credit-card@2026-02-01');
const rows = new Map(document.parameters.map((row) => [row.name, row]));
const rules = new Map(document.rules.map((rule) => [rule.id, rule]));

type Rule = PackDocument['rules'][number];

/** What the table calls mandatory, industry standard and bank policy. */
const STRENGTHS = { M: ['must'], S: ['should', 'must'], P: ['bank'] } as const;

/**
 * The bank's rule table: name, value, type, confidence. A row of the document with two values is two rows here. Contact
 * rules of an industry standard on hours and consent are `must`, on counts `should`.
 */
const TABLE: readonly [string, unknown, keyof typeof STRENGTHS, string][] = [
  ['timezone', 'Asia/Shanghai', 'M', 'from memory'],
  ['contact_window', '[08:00, 22:00)', 'S', 'secondary source'],
  ['out_of_window_override', 'recorded_consent_of_the_debtor', 'S', 'secondary source'],
  ['regional_window.xinjiang', '[10:00, 22:00)', 'P', 'from memory'],
  ['holiday_mode', 'allow_with_advice', 'P', 'policy'],
  ['holiday_mode.spring_festival', 'quiet_from_eve_to_day_3', 'P', 'policy'],
  ['max_unanswered_attempts_per_number_per_day', 6, 'S', 'secondary source'],
  ['max_connected_calls_per_debtor_per_day', 3, 'S', 'secondary source'],
  ['max_attempts_per_number_per_hour', 2, 'P', 'uncertain'],
  ['min_gap_between_attempts.minutes', 30, 'P', 'policy'],
  ['max_sms_per_day', 2, 'P', 'policy'],
  ['max_sms_per_week', 5, 'P', 'policy'],
  ['min_effective_call.seconds', 30, 'P', 'uncertain'],
  ['inbound_calls_count', false, 'S', 'secondary source'],
  ['may_collect_from', 'debtor_and_guarantor', 'M', 'text read'],
  ['related_third_person', 'common_debt_evidence_and_bank_approval', 'S', 'secondary source'],
  ['unrelated_third_person.collect', 'never', 'M', 'text read'],
  ['contact_person.locate_trigger', 'number_invalid_or_3_calls_from_next_day_or_3_days', 'S', 'secondary source'],
  ['contact_person.purposes', 'locate_or_pass_a_message', 'S', 'secondary source'],
  ['contact_person.max_per_day', 1, 'P', 'uncertain'],
  ['contact_person.max_per_week', 2, 'P', 'uncertain'],
  ['contact_person.refusal', 'permanent_stop', 'S', 'secondary source'],
  ['locate_stops_when_debtor_reached', true, 'S', 'secondary source'],
  ['recording_required', 'deny_without', 'M', 'text read'],
  ['recording_retention.minimum_years', 2, 'M', 'text read'],
  ['recording_retention.default_years', 5, 'P', 'policy'],
  ['oral_plan_recording_retention', 'until_settled', 'M', 'text read'],
  ['identify_caller', 'institution_purpose_and_collector_number', 'S', 'secondary source'],
  ['vendor_prior_notice', 'before_first_vendor_contact', 'M', 'secondary source'],
  ['vendor_published', true, 'M', 'secondary source'],
  ['cli', 'real_and_registered', 'M', 'text read'],
  ['private_phone_or_im', 'denied_unless_approved', 'S', 'secondary source'],
  ['plan.individual.max_months', 60, 'M', 'text read'],
  ['plan.individual.conditions', 'exceeds_ability_and_willing', 'M', 'text read'],
  ['plan.individual.stops_collection', 'until_breach', 'M', 'text read'],
  ['plan.individual.renegotiation_after_breach', 1, 'P', 'policy'],
  ['plan.ordinary.max_months', 60, 'M', 'secondary source'],
  ['plan.ordinary.on_existing_instalment', 'deny', 'M', 'secondary source'],
  ['plan.cash_advance.max_amount', '50000.00', 'M', 'secondary source'],
  ['plan.cash_advance.max_months', 24, 'M', 'secondary source'],
  ['plan.min_payment_on_instalment', 'not_offered', 'M', 'secondary source'],
  ['plan.disclosure', 'annualised_rate_cost_sheet_default_costs', 'M', 'secondary source'],
  ['lump_sum_reduction.interest_penalty', 'by_authority_matrix', 'P', 'policy'],
  ['lump_sum_reduction.principal', false, 'P', 'policy'],
  ['deferral.max_days', 90, 'P', 'policy'],
  ['allocation_order.to_day_90', 'interest_fees_principal', 'M', 'secondary source'],
  ['allocation_order.from_day_91', 'principal_interest_fees', 'M', 'secondary source'],
  ['interest_rate', 'contract_shown_annualised', 'M', 'secondary source'],
  ['penalty.rate', '0.05', 'P', 'secondary source'],
  ['penalty_bears_interest', false, 'M', 'secondary source'],
  ['fees_bear_interest', false, 'M', 'secondary source'],
  ['total_cost_alert.annual_rate', '0.24', 'S', 'from memory'],
  ['grace.days', 3, 'S', 'from memory'],
  ['grace.amount', '10.00', 'S', 'from memory'],
  ['credit_report.prior_notice', true, 'M', 'text read'],
  ['credit_report.negative_keep_years', 5, 'M', 'text read'],
  ['credit_repair_2025.closed_after', '2026-03-31', 'M', 'secondary source'],
  ['complaint_days.clear_case', 15, 'M', 'secondary source'],
  ['complaint_days.complex_case', 30, 'M', 'secondary source'],
  ['complaint_days.extension', 30, 'M', 'secondary source'],
  ['credit_dispute_days', 20, 'M', 'text read'],
  ['dispute.annotate', true, 'M', 'text read'],
  ['dispute.hold', 'until_verified', 'P', 'our reading'],
  ['malicious.screen', 'human_legal_review', 'M', 'text read'],
  ['malicious.min_principal', '50000.00', 'M', 'text read'],
  ['limitation_years', 3, 'M', 'text read'],
  ['automated_refusal', 'explanation_and_human_review', 'M', 'text read'],
];

describe('the rule table of the bank', () => {
  it.each(TABLE)('%s is %j (%s, %s)', (name, value, type, confidence) => {
    const row = rows.get(name);
    expect(row).toMatchObject({ value, confidence });
    expect(STRENGTHS[type]).toContain(row?.strength);
  });

  it('has no row twice, and no other row but those for hardship and minors', () => {
    expect(document.parameters).toHaveLength(rows.size);
    const others = [...rows.keys()].filter((name) => !TABLE.some(([listed]) => listed === name));
    expect(others).toEqual(['hardship_hold.days', 'minor_answers']);
  });
});

describe('a row that a rule carries out', () => {
  const numberOf = (rule: Rule) => (rule.kind === 'cap' ? rule.max : rule.kind === 'gap' ? rule.minutes : undefined);
  const windowOf = (rule: Rule) =>
    rule.kind === 'hours' ? `[${rule.windows[0]?.from}, ${rule.windows[0]?.to})` : undefined;
  const carried = document.parameters.filter(({ rule }) => rule !== undefined);

  it.each(
    carried.filter(({ value }) => typeof value === 'number').map(({ name, value, rule }) => [name, rule!, value]),
  )('%s: %s has the number %j', (_, id, value) => expect(numberOf(rules.get(id as string)!)).toBe(value));

  it.each(
    carried.filter(({ value }) => String(value).startsWith('[')).map(({ name, value, rule }) => [name, rule!, value]),
  )('%s: %s has the window %s', (_, id, value) => expect(windowOf(rules.get(id as string)!)).toBe(value));

  it('knows its rule as well as the rule knows itself', () => {
    // Three rows say less, or from a weaker source, than the rule that carries them out among others.
    const weaker = ['related_third_person', 'contact_person.purposes', 'private_phone_or_im'];
    for (const row of carried.filter(({ name }) => !weaker.includes(name))) {
      const { strength, confidence } = rules.get(row.rule!)!;
      expect([row.name, row.strength, row.confidence]).toEqual([row.name, strength, confidence]);
    }
  });

  it('that is an option is a rule that is off', () => {
    expect(document.rules.filter(({ enabled }) => !enabled).map(({ id }) => id)).toEqual([
      'cn.hours.xinjiang',
      'cn.holiday.spring-festival',
    ]);
  });

  it('agrees with what account standing uses', () => {
    expect(document.account).toMatchObject({ graceDays: rows.get('grace.days')?.value });
    expect(document.account).toMatchObject({ graceAmount: rows.get('grace.amount')?.value });
  });
});
