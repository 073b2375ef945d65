/**
 * Tools of one's own. In `anyport.yaml`: `tools: [./order-tools.ts]`; or in a program of one's own: `runWorker({ tools: [findOrder] })`.
 * The orders are in memory here, and would be in a service.
 */
import { defineTool, ToolError } from 'anyport/worker';
import { z } from 'zod';

const orders = new Map([
  ['A1', { customer: 'Ada', shipped: false }],
  ['A2', { customer: 'Grace', shipped: true }],
]);
/** What a service that is asked to do a thing once keeps. */
const cancelled = new Map<string, string>();

const orderNumber = z.string().regex(/^[A-Z]\d+$/, 'is no number of an order, such as A1');

/** It only looks: it runs beside others, again after a crash, and without anybody being asked. */
export const findOrder = defineTool({
  name: 'find_order',
  description: 'Finds an order by its number.',
  parameters: z.object({ number: orderNumber }),
  risk: 'none',
  retryClass: 'read-only',
  run({ number }) {
    const order = orders.get(number);
    if (order === undefined) throw new ToolError(`There is no order ${number}.`);
    return JSON.stringify({ number, ...order });
  },
});

/** It reaches beyond the task, which is what a tool that says nothing of itself counts as: it is never run again by itself. */
export const cancelOrder = defineTool({
  name: 'cancel_order',
  description: 'Cancels an order that was not shipped yet.',
  parameters: z.object({ number: orderNumber, reason: z.string().min(1).describe('Told to the customer.') }),
  run({ number, reason }, { idempotencyKey }) {
    const order = orders.get(number);
    if (order === undefined || order.shipped) return { outcome: 'failed', output: `${number} cannot be cancelled any more.` };
    if (!cancelled.has(idempotencyKey)) cancelled.set(idempotencyKey, reason);
    return `${number} is cancelled.`;
  },
});
