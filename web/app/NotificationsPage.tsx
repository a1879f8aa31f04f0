/** The pages of notifications: the inbox, and what one wants to hear of. */

import { NotificationInbox, NotificationPreferences } from "../src";
import { linkTo } from "./links";
import { INBOX } from "./pages";
import { usePlace } from "./session";
import { useCourses } from "./useCourses";

export default function NotificationsPage() {
  const { item } = usePlace();
  const courses = useCourses();
  if (item === "preferences") return <NotificationPreferences courses={courses} inboxLink={INBOX} />;
  return <NotificationInbox courses={courses} linkTo={linkTo} preferencesLink={`${INBOX}/preferences`} />;
}
