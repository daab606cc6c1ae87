import type { FullResult, Reporter, TestCase, TestError, TestResult } from '@playwright/test/reporter';

/** Prints what was measured, a line each, and what went wrong. */
export default class Report implements Reporter {
  onStdOut(chunk: string | Buffer): void {
    process.stdout.write(chunk);
  }

  onTestEnd(test: TestCase, { errors }: TestResult): void {
    for (const { message } of errors) console.error(`${test.title}: ${message ?? ''}`);
  }

  onError({ message }: TestError): void {
    console.error(message ?? 'bench-web: it could not begin');
  }

  onEnd({ status }: FullResult): void {
    if (status !== 'passed') console.error('bench-web: a goal was missed');
  }
}
