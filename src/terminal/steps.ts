/** "tag,vlan" of --only → steps, by their names or numbers. */
import { usageError } from "../base/errors.ts";
import { type StepName, STEPS } from "../netbox/types/order.ts";

/** None when the option is not given. @throws AppError "usage" for what is no step. */
export function readSteps(text: string | undefined): readonly StepName[] {
  if (text === undefined) return [];
  return text.split(",").map((part) => part.trim()).map((part) => {
    const step = STEPS.find(({ number, name }) => part === name || part === number);
    if (step !== undefined) return step.name;
    throw usageError(`Option --only names the step "${part}"`, {
      hint: `Allowed: ${STEPS.map(({ name }) => name).join(", ")}`,
    });
  });
}
