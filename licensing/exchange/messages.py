"""What each refusal says to a person: what is wrong and what to do, never file content."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Parameters are numbers, our own field names or masked entry names. A value read from a file never appears.
MESSAGES: dict[str, "StrOrPromise"] = {
    # The file as XML
    "xml_empty": _("The file is empty. Export it again and upload the new file."),
    "xml_too_large": _(
        "The file is larger than {limit_bytes} bytes. Split it, or check that it is the right file."
    ),
    "xml_doctype": _(
        "The file contains a DOCTYPE, which is not allowed. Upload the file as the tool wrote it."
    ),
    "xml_encoding": _("The file is not stored as UTF-8 or UTF-16. Save it as UTF-8 and upload it again."),
    "xml_encoding_mismatch": _(
        "The first line of the file names another text encoding than the one the file is stored in. "
        'Export it again, or save it as UTF-8 and write encoding="utf-8" in the first line.'
    ),
    "xml_nul": _("The file contains zero bytes and is damaged or not XML. Export it again."),
    "xml_broken": _(
        "The file is not well-formed XML: it is cut off or was changed by hand. Export it again."
    ),
    "xml_too_deep": _("The file nests more than {limit} levels deep. Upload the file as the tool wrote it."),
    "xml_too_many_elements": _("The file has more than {limit} elements. Split it into several files."),
    "xml_too_many_attributes": _(
        "An element has more than {limit} attributes. Upload the file as the tool wrote it."
    ),
    "xml_attribute_too_long": _(
        "An element's attributes exceed {limit_bytes} bytes. Upload the file as written."
    ),
    "xml_token_too_long": _(
        "One tag or comment is longer than {limit_bytes} bytes. Upload the file as written."
    ),
    "xml_text_too_long": _(
        "One value is longer than {limit_bytes} bytes. Upload the file as the tool wrote it."
    ),
    "xml_wrong_root": _(
        "The file is not a {expected} file. Check that you chose the right file for this page."
    ),
    # The separate process that reads big files
    "reader_time": _(
        "Reading the file took longer than {limit_seconds} seconds. Split it into smaller files."
    ),
    "reader_memory": _("Reading the file needed too much memory. Split it into smaller files."),
    "reader_failed": _(
        "The file could not be read. Try again; if it fails again, send us the time of the upload."
    ),
    # Zip files
    "zip_too_large": _("The zip file is larger than {limit_bytes} bytes. Split it into several zip files."),
    "zip_broken": _(
        "The zip file is damaged or not a zip file. Create it again with your system's own zip function."
    ),
    "zip_zip64": _(
        "The zip file uses the zip64 form for very large files. Create a smaller, ordinary zip file."
    ),
    "zip_too_many_entries": _("The zip file holds more than {limit} files. Split it into several zip files."),
    "zip_unpacked_too_large": _(
        "Unpacked, the zip file exceeds {limit_bytes} bytes. Split it into several zip files."
    ),
    "zip_entry_too_large": _(
        "File {entry} in the zip exceeds {limit_bytes} bytes unpacked. Check that it belongs there."
    ),
    "zip_ratio": _(
        "File {entry} in the zip unpacks to far more than it could honestly hold. Create the zip again."
    ),
    "zip_nested": _(
        "File {entry} in the zip is an archive itself. Put the files directly into one zip file."
    ),
    "zip_link": _("Entry {entry} in the zip is a link or a device, not a file. Pack the file itself."),
    "zip_name": _(
        "Entry {entry} in the zip has a name that leads outside the folder or has hidden characters. "
        "Rename it."
    ),
    "zip_duplicate": _("The zip holds {entry} twice. Keep one of them."),
    "zip_encrypted": _("File {entry} in the zip has a password. Pack the files without a password."),
    "zip_overlap": _(
        "Files in the zip share the same bytes, which an honest zip never does. Create the zip again."
    ),
    "zip_method": _(
        "File {entry} in the zip is packed by an unusual method. Use your system's own zip function."
    ),
    # CSV files as a whole
    "csv_empty": _("The file holds no rows. Export it again."),
    "csv_too_large": _("The file is larger than {limit_bytes} bytes. Split it into several files."),
    "csv_encoding": _(
        'The file is not stored as UTF-8. In Excel choose "CSV UTF-8 (comma delimited)" when saving.'
    ),
    "csv_nul": _("The file contains zero bytes: it is not a CSV file, or is damaged. Export it again."),
    "csv_line_too_long": _("Line {line} is longer than {limit} characters. Check that it is a CSV file."),
    "csv_quotes": _(
        "Line {line} has a quotation mark that is never closed or stands in the wrong place. Correct it."
    ),
    "csv_header": _(
        "The first line must name the columns {columns}, separated by comma or semicolon. Correct it."
    ),
    "csv_header_twice": _("The first line names the column {field} twice. Delete one of the two columns."),
    "csv_too_many_rows": _("The file has more than {limit} rows. Split it into several files."),
    # One row or one field
    "columns_missing": _(
        "The row has {found} values, but the first line names {expected} columns. Correct the row."
    ),
    "formula": _("The value starts with = + - @ or a tab, like a formula. Enter the plain value."),
    "characters": _(
        "The value holds characters that are not allowed here, perhaps invisible ones. Type it again."
    ),
    "key_in_value": _("A product key seems to stand where this value belongs. Remove it."),
    "required": _("The value is missing. Fill it in."),
    "too_long": _("The value is longer than {limit} characters. Shorten it."),
    # A file of orders
    "order_quantity": _(
        "The quantity must be a whole number from 1 up, without separators. Correct the cell."
    ),
    "order_choice": _("The value must be one of: {choices}. Correct the cell, or leave it empty."),
    "order_product_unknown": _(
        "No product of the catalogue has this code or part number. Look it up on the order page."
    ),
    "order_recipient_unknown": _(
        "None of your recipients has this id, register number or name. Copy it from the list of recipients."
    ),
    "order_recipient_several": _(
        "Several of your recipients have this name or number. Enter the recipient's id instead."
    ),
    "order_product_twice": _(
        "The same product stands in row {first_row} of this order for the same recipient. Put both into one row."
    ),
    "order_details": _("This is not what the product asks for. {expected} Correct the cell."),
    "scientific": _(
        "A spreadsheet has turned the number into its short form. Format the column as text and export again."
    ),
    "product_key_id_syntax": _(
        "A product key id is 13 digits. Copy it from Microsoft's file without changes."
    ),
    "product_key_syntax": _(
        "This is not a product key: five groups of five letters and digits, joined by hyphens. "
        "Copy it from Microsoft's file without changes."
    ),
    "product_key_placeholder": _(
        "This is a placeholder or public setup key, not a licence. Ask Microsoft for the real file."
    ),
    "product_key_id_twice": _(
        "This product key id stands in the file already, in row {first_row}. Delete one of the two."
    ),
    "product_key_twice": _(
        "The same product key stands in the file already, under another id. Ask Microsoft for a new file."
    ),
    "lpn_syntax": _(
        "A licensable part number has up to 16 letters, digits and hyphens. Copy it without changes."
    ),
    "number_syntax": _("The value must be a whole number. Correct it."),
    "date_syntax": _("The date is not of the form 2025-03-04T09:15:00+00:00. Ask for the file again."),
    "guid_syntax": _("The value must be a GUID such as 5b0e7c1e-0000-4000-8000-000000000001. Correct it."),
    "ambiguous": _("The value is given more than once. Keep one."),
    # Fulfilments
    "too_many_keys": _(
        "The file holds more than {limit} keys in one delivery or answer. Split it into several files."
    ),
    "too_many_parts": _(
        "The file holds more than {limit} deliveries or answers. Split it into several files."
    ),
    "quantity_mismatch": _(
        "The delivery says it holds {expected} keys, but {found} are in the file. Fetch the file again."
    ),
    "header_after_keys": _(
        "The delivery's details stand after its keys, so the file was changed. Fetch the file again."
    ),
    "no_keys": _("The file holds no keys. Fetch the file again."),
    # OA3.xml
    "hash_missing": _(
        "The file has no hardware hash. Run OA3Tool with /Report after the key was injected and "
        "upload that file."
    ),
    "hash_syntax": _(
        "The hardware hash is not base64 text, so the file was changed or cut. Run OA3Tool /Report again."
    ),
    "hash_too_short": _(
        "The hardware hash is shorter than {limit} characters. Use OA3Tool of a current Windows ADK."
    ),
    "hash_too_long": _("The hardware hash is longer than {limit} characters. Run OA3Tool /Report again."),
    "field_name": _(
        "An optional field has a name Microsoft does not know. Correct the OA3Tool configuration."
    ),
    # Device facts
    "ohr_choice": _("The value must be one of: {choices}."),
    "ohr_screen_size": _(
        "The screen size must be inches such as 14.0 (0 only for a desktop without a screen)."
    ),
    "ohr_digits": _("The value may hold digits only."),
    # Files we write
    "count": _("The file must hold between 1 and {limit} lines; it would hold {found}."),
    "customer_id_syntax": _(
        "A Microsoft customer number has up to 10 digits. Correct it in the programme settings."
    ),
    "rma_number": _("The return number must have 1 to {limit} bytes. Shorten it."),
    "return_type": _("The return type is not one Microsoft offers for this kind of return. Choose another."),
    "naive_time": _("The time has no time zone."),
    # Answers from Microsoft
    "answer_twice": _(
        "The answer lists this product key id more than once with the same result. It was booked once."
    ),
    "answer_conflict": _(
        "The answer lists this product key id with different results, so neither was booked. Ask Microsoft."
    ),
    "answer_no_lines": _("The answer lists no keys. Fetch the file again."),
    "answer_part": _(
        "The answer says it is part {number} of {total}, which cannot be. Fetch the file again."
    ),
    "request_invalid": _(
        "The request does not follow the schema at {found} places, so the service refuses it."
    ),
    # XML Schema
    "xsd_missing": _("Something required is missing inside {element}, or stands in the wrong order."),
    "xsd_unexpected": _("{element} is not expected here, or stands in the wrong order."),
    "xsd_value": _("The value of {element} does not have the form, length or range it must have."),
    "xsd_attribute": _("{element} carries an attribute that is not allowed."),
    "xsd_twice": _("A value inside {element} must be unique but appears more than once."),
    "xsd_other": _("{element} does not follow the schema."),
}
