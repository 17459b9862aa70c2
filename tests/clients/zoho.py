"""Talks to the Zoho sandbox with Zoho's own Python SDK (zohocrmsdk8-0).

Usage: python zoho.py '<the JSON line of `latitude sandbox --crm zoho`>'
"""

import json
import os
import sys
import tempfile

from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.fields import FieldsOperations, GetFieldsParam
from zohocrmsdk.src.com.zoho.crm.api.record import (
    ActionWrapper,
    BodyWrapper,
    Field,
    GetRecordParam,
    GetRecordsParam,
    Record,
    RecordOperations,
    ResponseWrapper,
    SuccessResponse,
)
from zohocrmsdk.src.com.zoho.crm.api.users import GetUsersParam, UsersOperations


def settings():
    line = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LATITUDE_SANDBOX", "{}")
    ready = json.loads(line)
    return ready.get("crms", {}).get("zoho", ready)


def sign_in(crm, folder):
    base = crm["base_url"].rstrip("/")
    place = DataCenter.Environment(base, f"{base}/oauth/v2/token", base)
    token = OAuthToken(
        client_id=crm["client_id"],
        client_secret=crm["client_secret"],
        refresh_token=crm["token"],
    )
    store = FileStore(file_path=os.path.join(folder, "tokens.txt"))
    Initializer.initialize(place, token, store=store, resource_path=folder)


def page(deals, number=None, token=None):
    params = ParameterMap()
    params.add(GetRecordsParam.fields, "id,Deal_Name,Stage,Modified_Time,Owner")
    params.add(GetRecordsParam.sort_by, "Modified_Time")
    params.add(GetRecordsParam.sort_order, "asc")
    params.add(GetRecordsParam.per_page, 200)
    if number:
        params.add(GetRecordsParam.page, number)
    if token:
        params.add(GetRecordsParam.page_token, token)
    return deals.get_records(params, HeaderMap())


def every_deal(deals):
    found, token = [], None
    while True:
        answer = page(deals, token=token)
        assert answer.get_status_code() == 200, answer.get_status_code()
        body = answer.get_object()
        assert isinstance(body, ResponseWrapper), body
        found += body.get_data()
        if not body.get_info().get_more_records():
            return found
        token = body.get_info().get_next_page_token()


def main():
    crm = settings()
    with tempfile.TemporaryDirectory() as folder:
        sign_in(crm, folder)
        deals = RecordOperations("Deals")

        found = every_deal(deals)
        ids = [record.get_id() for record in found]
        assert len(ids) == len(set(ids)) and len(ids) > 0, "a page repeated a record"
        assert found[0].get_key_value("Deal_Name")
        assert found[0].get_key_value("Owner").get_id()

        if len(ids) > 2000:
            beyond = page(deals, number=11).get_object()
            assert beyond.get_code().get_value() == "DISCRETE_PAGINATION_LIMIT_EXCEEDED", beyond

        record = Record()
        record.set_id(ids[0])
        record.add_field_value(Field.Deals.deal_name(), "Renamed by a client")
        nobody = Record()
        nobody.set_id(6493490000099999999)
        nobody.add_field_value(Field.Deals.deal_name(), "Nobody")
        request = BodyWrapper()
        request.set_data([record, nobody])
        request.set_trigger([])
        answer = deals.update_records(request, HeaderMap())
        assert answer.get_status_code() == 207, answer.get_status_code()
        results = answer.get_object()
        assert isinstance(results, ActionWrapper), results
        written, refused = results.get_data()
        assert isinstance(written, SuccessResponse), written
        assert refused.get_code().get_value() == "INVALID_DATA", refused.get_code()

        params = ParameterMap()
        params.add(GetRecordParam.fields, "Deal_Name")
        again = deals.get_record(ids[0], params, HeaderMap()).get_object().get_data()[0]
        assert again.get_key_value("Deal_Name") == "Renamed by a client"

        params = ParameterMap()
        params.add(GetFieldsParam.module, "Deals")
        fields = FieldsOperations().get_fields(params).get_object().get_fields()
        stage = next(field for field in fields if field.get_api_name() == "Stage")
        assert len(stage.get_pick_list_values()) >= 3

        params = ParameterMap()
        params.add(GetUsersParam.type, "ActiveUsers")
        users = UsersOperations().get_users(params, HeaderMap()).get_object().get_users()
        assert any(user.get_email() for user in users)
    print(f"zoho: {len(ids)} deals read, all checks hold")


if __name__ == "__main__":
    main()
