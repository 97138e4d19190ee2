/** Custom fields and virtual machines in one batch: why `push` waits, and recovery without waiting. */
import { readEntityFiles, type SentEntity } from "../diode/entity-files.ts";
import type { Reconciled } from "../diode/reconciler.ts";
import { describe } from "../findings.ts";
import { agentRow, labSite } from "../../helpers/lab.ts";
import { tokenIn } from "../server/netbox.ts";
import { expectedOf, type Input, type Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { expectAllEqual, expectReport, reportOf } from "./compare-report.ts";

export const BOOTSTRAP_WAIT_CASES: readonly Case[] = [
  {
    holds: "4",
    name:
      "custom fields and VMs in one batch fail without PUSH_BOOTSTRAP_WAIT, and succeed when sent again",
    modes: ["bulk"],
    run: (trial) => trial.withRun(INPUT, (run) => inOneBatch(trial, run)),
  },
];

/** Everything fits into one batch, and almost no random order puts every custom field first. */
const INPUT: Input = {
  runs: [labSite({
    guests: [101, 102, 103, 104, 105].map((vmid) => ({
      vmid,
      row: { name: `guest-${vmid}` },
      config: {
        agent: "1",
        net0: `virtio=BC:24:11:00:01:${vmid - 100}0,bridge=vmbr0`,
        scsi0: `local-lvm:vm-${vmid}-disk-0,size=8G`,
      },
      interfaces: [agentRow(`BC:24:11:00:01:${vmid - 100}0`, [`10.0.0.${vmid}/24`])],
    })),
  })],
};

/**
 * The errors for a new VM, and for one that another entity created.
 * Source: netbox_diode_plugin/api/common.py, ChangeSet._validate_custom_fields, and NetBox's
 * extras/api/customfields.py, CustomFieldsDataField.to_internal_value.
 */
const UNKNOWN_FIELD =
  /Unknown field name 'proxmox_\w+' in|Custom field 'proxmox_\w+' does not exist for this object type/;

async function inOneBatch(trial: Trial, run: string): Promise<void> {
  const entities = await readEntityFiles(run);
  const results = await trial.tryPush(entities, { bootstrapWait: false });
  const lost = expectLost(trial, results);
  trial.remarks.push(`${lost.length} of ${entities.length} came before their custom fields`);

  // Sending other entities does not retry the failed ones.
  await trial.push(entities.filter(({ step }) => step.name === "custom-field"));
  const report = await reportOf(trial.netbox, run, tokenIn(trial.netbox.authorization.read));
  expectReport(trial, report, {
    what: "after the custom fields alone were sent again",
    code: 3,
    totals: { equal: entities.length - lost.length },
  });

  await trial.push(entities);
  await expectWhole(trial, run);
  await trial.pushAgain(entities);

  await trial.reset();
  await trial.push(entities);
  await expectWhole(trial, run);
}

/** The entities that were applied before a custom field of theirs, which must have failed. */
function expectLost(trial: Trial, results: readonly Reconciled[]): SentEntity[] {
  const known = new Set<unknown>();
  const lost: SentEntity[] = [];
  for (const result of results) {
    const { step, entity } = result.sent;
    if (step.name === "custom-field") known.add(entity["name"]);
    const fields = Object.keys((entity["custom_fields"] ?? {}) as object);
    const isEarly = fields.some((field) => !known.has(field));
    const sentences = describe(result);
    const isRefused = result.verdict === "failed" &&
      sentences.every((one) => UNKNOWN_FIELD.test(one));
    if (isEarly) lost.push(result.sent);
    if (isEarly && isRefused) trial.remarks.push(...sentences.map((one) => `as expected, ${one}`));
    else trial.findings.push(...sentences);
    if (isEarly && !isRefused) {
      const { file, line } = result.sent;
      trial.findings.push(`${file}:${line} was ${result.verdict} before its custom fields`);
    }
  }
  if (lost.length === 0) trial.findings.push("the order put every custom field first");
  return lost;
}

async function expectWhole(trial: Trial, run: string): Promise<void> {
  await trial.compare(await expectedOf(INPUT));
  await expectAllEqual(trial, run);
}
