/** What a front end imports. */

export { AnalyticsDashboard, type AnalyticsDashboardProps } from "./components/AnalyticsDashboard";
export { AlertList, type AlertListProps } from "./components/analytics/AlertList";
export { AtRiskTable, type AtRiskTableProps } from "./components/analytics/AtRiskTable";
export { JobList, type JobListProps } from "./components/analytics/JobList";
export { LiveChart, type LiveChartProps } from "./components/analytics/LiveChart";
export { MetricTiles, type MetricTilesProps } from "./components/analytics/MetricTiles";
export { MilestoneFeed, type MilestoneFeedProps } from "./components/analytics/MilestoneFeed";
export { ObjectTable, type ObjectTableProps } from "./components/analytics/ObjectTable";
export { ChatInterface, type ChatInterfaceProps } from "./components/ChatInterface";
export { ConnectionStatus, type ConnectionStatusProps } from "./components/ConnectionStatus";
export { AnnotationSidebar, type AnnotationSidebarProps } from "./components/collaboration/AnnotationSidebar";
export { DocumentEditor, type DocumentEditorProps } from "./components/collaboration/DocumentEditor";
export { DocumentsList, type DocumentsListProps } from "./components/collaboration/DocumentsList";
export { PageAnnotator, type PageAnnotatorProps } from "./components/collaboration/PageAnnotator";
export { NotificationBell, type NotificationBellProps } from "./components/NotificationBell";
export { NotificationInbox, type NotificationInboxProps } from "./components/NotificationInbox";
export {
  NotificationPreferences,
  type NotificationPreferencesProps,
} from "./components/NotificationPreferences";
export { NotificationToasts, type NotificationToastsProps } from "./components/NotificationToasts";
export * from "./contract";
export { CoursewireProvider, type CoursewireProviderProps, useCoursewire } from "./hooks/CoursewireProvider";
export {
  type AnalyticsActions,
  type AnalyticsResult,
  useAnalyticsWebSocket,
  useTimeOnTask,
} from "./hooks/useAnalyticsWebSocket";
export { type ChatActions, type ChatResult, useChatWebSocket } from "./hooks/useChatWebSocket";
export {
  type CollaborationActions,
  type CollaborationResult,
  useCollaborationWebSocket,
  type Versions as DocumentVersions,
} from "./hooks/useCollaborationWebSocket";
export { type ConnectionStatusResult, useConnectionStatus } from "./hooks/useConnectionStatus";
export {
  type NotificationsActions,
  type NotificationsOptions,
  type NotificationsResult,
  type Push,
  useNotificationsWebSocket,
  useNotificationToasts,
} from "./hooks/useNotificationsWebSocket";
export {
  type ActivityEnvironment,
  ActivityTracker,
  type TrackedActivity,
} from "./services/websocket/analytics/activity/tracker";
export type { AnalyticsFilters, ListName, SeriesQuery } from "./services/websocket/analytics/filters";
export type { AnalyticsState, SeriesState, TrailPoint } from "./services/websocket/analytics/state";
export type { AnalyticsUpdate } from "./services/websocket/analytics/updates";
export type { AnalyticsData, ListStatus, ProgressUpdate } from "./services/websocket/analytics/view";
export {
  type ActivityToRecord,
  type AnalyticsServiceOptions,
  AnalyticsWebSocketService,
} from "./services/websocket/analyticsWebSocket";
export { EditConflict } from "./services/websocket/chat/changes";
export type { Measure, PageOf } from "./services/websocket/chat/order";
export type { SendOptions } from "./services/websocket/chat/sender";
export type { ChatState, Outgoing, PendingChange } from "./services/websocket/chat/state";
export type { Timeline } from "./services/websocket/chat/timeline";
export type { MessageStatus, Progress } from "./services/websocket/chat/view";
export { ChatWebSocketService } from "./services/websocket/chatWebSocket";
export type { AnnotationEdit, NewAnnotation } from "./services/websocket/collaboration/annotating";
export { AnnotationConflict } from "./services/websocket/collaboration/annotations";
export type {
  CollaborationState,
  DocumentState,
  SaveState,
  UnsentCopy,
} from "./services/websocket/collaboration/state";
export type { ShownAnnotation, Thread as AnnotationThread } from "./services/websocket/collaboration/view";
export { CollaborationWebSocketService, type OpenOptions } from "./services/websocket/collaborationWebSocket";
export {
  type ConnectionStatuses,
  ConnectionStatusStore,
  type NamespaceStatus,
  overall,
} from "./services/websocket/connectionStatus";
export { Coursewire, type CoursewireOptions } from "./services/websocket/coursewire";
export { CommandError, explain } from "./services/websocket/errors";
export type { PreferencesChange } from "./services/websocket/notifications/preferences";
export type { PushOptions } from "./services/websocket/notifications/push/browser";
export { PushDevice, type PushState, type PushStatus } from "./services/websocket/notifications/push/device";
export type { NotificationsState } from "./services/websocket/notifications/state";
export type { Toast } from "./services/websocket/notifications/toasts";
export {
  type NotificationsServiceOptions,
  NotificationsWebSocketService,
} from "./services/websocket/notificationsWebSocket";
export type { State, Transport } from "./services/websocket/protocol";
export type { ServiceOptions } from "./services/websocket/serviceOptions";
export type { AuthToken } from "./services/websocket/token";
