from actlet.memory import ActionStep, PlanningStep
from actlet.messages import ChatMessage, MessageRole, Timing, TokenUsage
from actlet.monitoring import Monitor


def test_actions_and_plans_are_summed_up():
    monitor = Monitor()
    monitor.update_metrics(ActionStep(1, Timing(1.0, 3.0), token_usage=TokenUsage(100, 10, 40, 2)))
    monitor.update_metrics(
        PlanningStep(None, ChatMessage(MessageRole.ASSISTANT, "p"), "p", Timing(3.0, 4.0), TokenUsage(50, 5))
    )
    monitor.update_metrics(ActionStep(2, Timing(4.0, 4.5)))
    assert monitor.step_durations == [2.0, 0.5]
    assert (monitor.total_input_token_count, monitor.total_output_token_count) == (150, 15)
    assert monitor.get_total_token_counts() == TokenUsage(150, 15, 40, 2)


def test_what_others_used_for_the_session_counts():
    monitor = Monitor()
    monitor.add(TokenUsage(7, 3))
    assert monitor.get_total_token_counts().total_tokens == 10


def test_reset_begins_again():
    monitor = Monitor()
    monitor.update_metrics(ActionStep(1, Timing(1.0, 3.0), token_usage=TokenUsage(1, 1)))
    monitor.reset()
    assert monitor.step_durations == []
    assert monitor.get_total_token_counts() == TokenUsage(0, 0)
