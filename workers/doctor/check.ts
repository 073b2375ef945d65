/** One line of `anyport doctor`. */
export interface Check {
  /** "node", "temporal", "endpoint aws-us-east-1", … */
  readonly check: string;
  /** `note`: works, but not as one may expect. */
  readonly state: 'ok' | 'note' | 'problem';
  readonly detail: string;
  /** What to do; there whenever something is wrong. */
  readonly remedy?: string;
}
