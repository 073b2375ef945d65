/** What the command tells a script; the same list stands in its help. */
export const EXIT = {
  completed: 0,
  /** The task failed, or something else went wrong. */
  failed: 1,
  /** The command, a request or a file given to it is wrong; nothing was started. */
  wrongUse: 2,
  cancelled: 3,
  /** The review was made, and what it found should be mended first. */
  blocked: 4,
  /** Ctrl-C: the task was left running. */
  leftRunning: 130,
} as const;

export const EXIT_CODES_HELP = `
Exit codes: 0 completed · 1 failed · 2 wrong use, nothing was started · 3 cancelled · 4 a review found what blocks · 130 left running after Ctrl-C`;
