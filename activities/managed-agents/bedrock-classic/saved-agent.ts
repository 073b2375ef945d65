const SAVED_AGENT = /^([0-9a-zA-Z]{1,10})\/([0-9a-zA-Z]{1,10})$/;

/** `AGENTID/ALIASID`; `undefined`: it is neither. */
export function parseSavedAgent(name: string) {
  const [, agentId, agentAliasId] = SAVED_AGENT.exec(name) ?? [];
  return agentId === undefined || agentAliasId === undefined ? undefined : { agentId, agentAliasId };
}
