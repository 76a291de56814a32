"""A report as one HTML file, and the card of a network, made from the same numbers."""

from osteo_core.report.cards import card_text, write_card_text
from osteo_core.report.gather import Request, Wanted
from osteo_core.report.make import Report, command, make_report, report_steps

__all__ = [
    "Report",
    "Request",
    "Wanted",
    "card_text",
    "command",
    "make_report",
    "report_steps",
    "write_card_text",
]
