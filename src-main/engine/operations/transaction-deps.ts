import type {
  Clock,
  CommandRunner,
  FleetResolver,
  Journal,
  LeftProcesses,
  Log,
  OperationRecords,
  PlanStore,
  RepositoryConfigs,
  RepositoryHooks,
  RepositoryLock,
} from '../ports';
import type { Approvals } from './approvals';
import type { RunningOperations } from './running-operations';

/** What merging and cleaning up both work with. */
export interface TransactionDeps {
  readonly fleet: FleetResolver;
  readonly hooks: RepositoryHooks;
  readonly plans: PlanStore;
  readonly records: OperationRecords;
  readonly lock: RepositoryLock;
  readonly journal: Journal;
  readonly configs: RepositoryConfigs;
  readonly approvals: Approvals;
  readonly runner: CommandRunner;
  readonly leftProcesses: LeftProcesses;
  readonly running: RunningOperations;
  readonly clock: Clock;
  readonly log: Log;
}
