"""What the journal says of several tables, in one statement."""

from sqlalchemy import MetaData, select, union_all
from sqlalchemy.dialects import postgresql

from goals_core.kinds import Metric, Source
from goals_core.models.base import table_of
from goals_core.models.sources import Opportunity
from goals_core.sources import differences, measures

CONFIG = {"module": "sales", "entity": "opportunities", "aggregation": "sum", "field": "amount"}


def test_tables_of_the_same_name_have_their_own_batches(cast):
    sales = table_of(Opportunity)
    another = sales.to_metadata(MetaData(), schema="crm")
    measure = measures.parse(Source.SALES, CONFIG, metric=Metric.NUMBER, unit="deals")
    changes = [differences.of(t, {1: measure}, tenant=cast.tenant) for t in (sales, another)]
    both = union_all(*(select(each) for each in changes)).compile(dialect=postgresql.dialect())
    assert {"batches_sales_opportunities", "batches_crm_opportunities"} <= both.params.keys()
