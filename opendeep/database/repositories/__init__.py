"""All queries: scoped repositories, and the few ``System*`` reads that cross users."""

from opendeep.database.repositories.call_events import CallEvents
from opendeep.database.repositories.calls import Calls
from opendeep.database.repositories.campaign_goals import GOAL_MET, CampaignGoals
from opendeep.database.repositories.campaigns import Campaigns
from opendeep.database.repositories.chat_sessions import ChatSessions
from opendeep.database.repositories.dial_decisions import DialDecisions
from opendeep.database.repositories.dnd_list import DndList
from opendeep.database.repositories.feedback_requests import FeedbackRequests
from opendeep.database.repositories.model_usage import ModelUsage
from opendeep.database.repositories.notifications import Deliveries, NotificationTargets
from opendeep.database.repositories.past_calls import PastCalls
from opendeep.database.repositories.phone_menus import PhoneMenus
from opendeep.database.repositories.profiles import Profiles
from opendeep.database.repositories.records import AuditLog, IdempotencyKeys, UserEvents
from opendeep.database.repositories.system_calls import SystemCalls
from opendeep.database.repositories.system_canaries import SystemCanaries
from opendeep.database.repositories.system_decisions import SystemDecisions
from opendeep.database.repositories.system_dnd import SystemDnd
from opendeep.database.repositories.system_feedback import SystemFeedback
from opendeep.database.repositories.system_nodes import SystemNodes
from opendeep.database.repositories.system_notifications import SystemNotifications
from opendeep.database.repositories.system_past_calls import SystemPastCalls
from opendeep.database.repositories.system_stops import SystemStops
from opendeep.database.repositories.system_tasks import SystemTasks
from opendeep.database.repositories.system_users import SystemUsers
from opendeep.database.repositories.task_actions import TaskActionLog
from opendeep.database.repositories.tasks import Tasks
from opendeep.database.repositories.transcripts import Transcripts

__all__ = [
    "GOAL_MET",
    "AuditLog",
    "CallEvents",
    "Calls",
    "CampaignGoals",
    "Campaigns",
    "ChatSessions",
    "Deliveries",
    "DialDecisions",
    "DndList",
    "FeedbackRequests",
    "IdempotencyKeys",
    "ModelUsage",
    "NotificationTargets",
    "PastCalls",
    "PhoneMenus",
    "Profiles",
    "SystemCalls",
    "SystemCanaries",
    "SystemDecisions",
    "SystemDnd",
    "SystemFeedback",
    "SystemNodes",
    "SystemNotifications",
    "SystemPastCalls",
    "SystemStops",
    "SystemTasks",
    "SystemUsers",
    "TaskActionLog",
    "Tasks",
    "Transcripts",
    "UserEvents",
]
