/** Before each test file: consola writes its log as for a user without a terminal, not as for a test or in CI. */
for (const name of ["NODE_ENV", "TEST", "CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL"]) {
  delete process.env[name];
}
process.env["NO_COLOR"] = "1";
