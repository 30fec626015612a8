"""What the check does, in order."""

from . import ends, resumption, seals, tasks
from .bench import Bench, Skip

SCENARIOS = (
    tasks.task_in_json,
    tasks.task_in_cbor,
    tasks.key_in_first_frame,
    tasks.key_in_subprotocol,
    tasks.negotiation,
    tasks.refusals,
    tasks.what_is_no_frame,
    tasks.acknowledged_and_never_sent,
    tasks.credit,
    tasks.many_streams,
    tasks.error_on_a_stream,
    seals.fragments_signed,
    seals.signatures_refused,
    seals.damaged_frame_is_lost,
    seals.checksums,
    seals.root_that_is_wrong,
    seals.fragments_of_the_router,
    resumption.resume_in_an_answer,
    resumption.resume_signed,
    resumption.resume_what_was_not_sent,
    resumption.resume_with_a_lost_answer,
    resumption.resume_with_a_spent_token,
    resumption.resume_takes_over,
    ends.cancel,
    ends.abort_of_the_session,
    ends.close_of_an_aborted_session,
    ends.fin_while_a_stream_is_open,
    tasks.heartbeats,
    resumption.restart,
)

__all__ = ["SCENARIOS", "Bench", "Skip"]
