/** Which hooks each of Orchard's own git calls can run: https://git-scm.com/docs/githooks */
export const HOOKS_OF = {
  /** `update-ref`, `branch -D`. */
  ref: ['reference-transaction'],
  /** `merge --ff-only` or `reset --keep` in a working tree. */
  move: ['reference-transaction', 'post-index-change', 'post-merge'],
  push: ['pre-push', 'reference-transaction'],
  /** `update-ref` and `worktree add`. */
  add: ['reference-transaction', 'post-checkout', 'post-index-change'],
} as const;
