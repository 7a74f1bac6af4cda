"""Reports as files: tables as CSV and workbook, the board page as PDF and HTML, the offline pack. They hold what they are handed
and compute nothing, so the figures of all are equal."""
