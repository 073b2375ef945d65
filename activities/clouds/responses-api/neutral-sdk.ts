/** What every client of OpenAI's SDK is made with: only the configuration counts, nobody but the task sends again, and nothing is logged. */
export const NEUTRAL_SDK = {
  // The SDK would read these from the environment.
  adminAPIKey: null,
  organization: null,
  project: null,
  maxRetries: 0,
  logLevel: 'off',
} as const;
