// Reporter: names the tests that passed only when they were tried again, with what went wrong the first time. They are to be mended, not ignored.
export default class SecondTries {
  #found = [];

  onTestCaseResult(testCase) {
    if (testCase.diagnostic()?.flaky !== true) return;
    const { errors = [] } = testCase.result();
    this.#found.push({
      name: `${testCase.module.moduleId} > ${testCase.fullName}`,
      reason: errors[0]?.message ?? 'unknown',
    });
  }

  onTestRunEnd() {
    if (this.#found.length === 0) return;
    console.log(`\n${this.#found.length} passed only at the second try:`);
    for (const { name, reason } of this.#found) console.log(`  ${name}\n    first: ${reason.split('\n', 1)[0]}`);
  }
}
