import type { Gate } from '../en/gate';

export const gate: Gate = {
  title: 'प्रवेश द्वार',
};
