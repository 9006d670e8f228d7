"""The blind index goes to the ciphertext: beside a key's state it was written anew at each step of its life."""

from django.db import migrations, models

# Made anew after every migration, without the column that goes.
FREE = "DROP TRIGGER IF EXISTS key_name_stands ON licensing_productkey"
# Every key has its secret: both are written by one statement.
MOVE = "UPDATE licensing_keysecret s SET blind_index = k.blind_index FROM licensing_productkey k WHERE k.id = s.key_id"


class Migration(migrations.Migration):
    dependencies = [("licensing", "0031_ended_assignments")]
    operations = [
        migrations.AddField(
            "keysecret", "blind_index", models.BinaryField(max_length=32, null=True, verbose_name="blind index")
        ),
        migrations.RunSQL(FREE, migrations.RunSQL.noop),
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.AlterField(
            "keysecret", "blind_index", models.BinaryField(max_length=32, unique=True, verbose_name="blind index")
        ),
        migrations.RemoveField("productkey", "blind_index"),
    ]
