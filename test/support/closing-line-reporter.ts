/** Ends a test run with one plain line, `N passed, N failed`, which is all that CI reads. */
import type { Reporter, SerializedError, TestCase, TestModule, TestRunEndReason } from 'vitest/node';

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[], reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    // A file that does not load has no test to fail, and an error outside of every test belongs to none.
    const brokenFiles = modules.filter((module) => module.errors().length > 0).length;
    const passed = countOf(tests, 'passed');
    const failed = countOf(tests, 'failed') + brokenFiles + unhandledErrors.length + countOf(tests, 'pending');
    const closing = closingLine({
      passed,
      failed: failed === 0 && reason !== 'passed' ? 1 : failed,
      skipped: countOf(tests, 'skipped'),
    });
    // Once everything else is written: the default reporter still prints its summary after this hook.
    process.once('exit', () => process.stdout.write(`${closing}\n`));
  }
}

function countOf(tests: readonly TestCase[], state: ReturnType<TestCase['result']>['state']): number {
  return tests.filter((test) => test.result().state === state).length;
}

function closingLine(counts: { readonly passed: number; readonly failed: number; readonly skipped: number }): string {
  const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}
