/** What a column of a file can mean. A closed list; how each is read is in document-mapping.ts and fact-mapping.ts. */

/** What the rows of a file are: a customer with an account, a payment, or a statement. */
export const RECORDS = ['accounts', 'payments', 'statements'] as const;
export type Records = (typeof RECORDS)[number];

interface Field {
  readonly kind:
    | 'id'
    | 'name'
    | 'residentId'
    | 'date'
    | 'phone'
    | 'address'
    | 'product'
    | 'currency'
    | 'asOf'
    | 'days'
    | 'amount'
    | 'signedAmount'
    | 'rate'
    | 'status'
    | 'flag'
    | 'cardNumber';
  /** A row means nothing without it. */
  readonly needed?: true;
  /** A cell that can be read, for templates. */
  readonly example: string;
}

export const FIELDS = {
  'customer.customerId': { kind: 'id', needed: true, example: 'C1' },
  'customer.name': { kind: 'name', needed: true, example: '张三' },
  'customer.residentId': { kind: 'residentId', example: '11010519491231002X' },
  'customer.birthDate': { kind: 'date', example: '1949-12-31' },
  'customer.phones.any': { kind: 'phone', example: '13800138000' },
  'customer.phones.mobile': { kind: 'phone', example: '13800138000' },
  'customer.phones.home': { kind: 'phone', example: '010-88886666' },
  'customer.phones.work': { kind: 'phone', example: '010-66668888' },
  'customer.address': { kind: 'address', example: '北京市东城区东长安街1号' },
  'account.accountId': { kind: 'id', needed: true, example: 'A1' },
  'account.product': { kind: 'product', example: 'credit_card' },
  'account.currency': { kind: 'currency', needed: true, example: 'CNY' },
  'account.asOf': { kind: 'asOf', example: '2025-11-20' },
  'account.pastDueSince': { kind: 'date', example: '2025-08-20' },
  'account.daysPastDue': { kind: 'days', example: '92' },
  'account.balances.principal': { kind: 'signedAmount', needed: true, example: '8000.00' },
  'account.balances.interest': { kind: 'amount', example: '600.00' },
  'account.balances.penalty': { kind: 'amount', example: '100.00' },
  'account.balances.fees': { kind: 'amount', example: '0.00' },
  'account.minimumPaymentDue': { kind: 'amount', example: '1200.00' },
  'account.creditLimit': { kind: 'amount', example: '50000.00' },
  'account.annualRate': { kind: 'rate', example: '0.1825' },
  'account.dailyRate': { kind: 'rate', example: '0.0005' },
  'account.status': { kind: 'status', example: 'open' },
  'account.debtGroupId': { kind: 'id', example: 'G1' },
  'account.instalmentBalance': { kind: 'amount', example: '0.00' },
  'account.cashAdvanceBalance': { kind: 'amount', example: '0.00' },
  'account.graceDays': { kind: 'days', example: '3' },
  'account.graceAmount': { kind: 'amount', example: '10.00' },
  'account.inCollectionProcedures': { kind: 'flag', example: 'false' },
  'account.genuineCard': { kind: 'flag', example: 'true' },
  'account.cardNumber': { kind: 'cardNumber', example: '4111111111111111' },
  'payment.paymentId': { kind: 'id', needed: true, example: 'P1' },
  'payment.accountId': { kind: 'id', needed: true, example: 'A1' },
  'payment.amount': { kind: 'amount', needed: true, example: '1000.00' },
  'payment.postedOn': { kind: 'date', needed: true, example: '2025-11-24' },
  'payment.includedInState': { kind: 'flag', example: 'false' },
  'statement.accountId': { kind: 'id', needed: true, example: 'A1' },
  'statement.statementOn': { kind: 'date', needed: true, example: '2025-11-05' },
  'statement.previousBalance': { kind: 'signedAmount', needed: true, example: '7000.00' },
  'statement.paymentsTotal': { kind: 'amount', needed: true, example: '500.00' },
  'statement.newCharges': { kind: 'amount', needed: true, example: '1800.00' },
  'statement.adjustments': { kind: 'signedAmount', needed: true, example: '0.00' },
  'statement.interest': { kind: 'amount', needed: true, example: '110.50' },
  'statement.statementBalance': { kind: 'signedAmount', needed: true, example: '8410.50' },
  'statement.minimumDue': { kind: 'amount', needed: true, example: '841.05' },
  'statement.dueOn': { kind: 'date', needed: true, example: '2025-11-25' },
  'statement.creditLimit': { kind: 'amount', example: '50000.00' },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as [FieldName, ...FieldName[]];

/** The records that a field belongs to. */
export function recordsOf(field: FieldName): Records {
  const [subject] = field.split('.');
  return subject === 'payment' ? 'payments' : subject === 'statement' ? 'statements' : 'accounts';
}
