"""Reports: whole tables, the board page, a workbook and an offline pack, each of one revision."""
