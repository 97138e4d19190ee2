/** How this program calls itself to a server. */
import { TOOL } from "../../kernel/tool.ts";

export const USER_AGENT = `${TOOL.name}/${TOOL.version}`;
