/** Where the Temporal UI shows a workflow. */

export interface UiPlace {
  /** Base address of the UI; null when nobody told. */
  readonly uiAddress: string | null;
  readonly namespace: string;
}

/** The page of a workflow's newest run; null when the UI's address is not known. */
export function uiLink({ uiAddress, namespace }: UiPlace, workflowId: string): string | null {
  if (uiAddress === null) return null;
  const withScheme = /^https?:\/\//.test(uiAddress) ? uiAddress : `http://${uiAddress}`;
  const base = withScheme.replace(/\/+$/, '');
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
