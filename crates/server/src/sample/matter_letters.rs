//! Letters and mail.

use super::SampleDocument;
use super::facts::{
    BREUER, COURT as REGISTRY, Facts, MARR, OKORO, PELL, PRICE, RUNNING, VOSS, claimed, stock,
};
use super::mail::{Attachment, Message, Person, mail};
use super::matter_money::stock_list;
use super::package::Properties;
use super::pdf::pdf;
use super::text::{Block, euros, heading, item, lines, paragraph, subtitle, title};
use super::tree::{CLIENT, COURT, OPPONENT, single};
use super::word::word;

/// Word's media type.
const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

pub(super) fn documents(facts: Facts) -> Vec<SampleDocument> {
    let mut all = with_client(facts);
    all.extend(with_opponent(facts));
    all.extend(with_court(facts));
    all
}

fn with_client(facts: Facts) -> Vec<SampleDocument> {
    let terms = "Letter of engagement";
    let made = facts.engaged.at(11, 45);
    let letter = word(
        &engagement(facts),
        RUNNING,
        Properties {
            title: terms,
            author: MARR.name,
            created: made,
            edited: made,
        },
    );
    let first = "water.7f3a@nordkai.example".to_owned();
    let second = "engaged.20417@lindqvist-marr.example".to_owned();
    vec![
        single(
            CLIENT,
            "Water in hall 7, urgent",
            "eml",
            VOSS.name,
            facts.water.at(7, 52),
            mail(&Message {
                from: VOSS,
                to: &[MARR],
                cc: &[],
                subject: "Water in hall 7 – urgent",
                date: facts.water.mail(7, 52),
                id: first.clone(),
                answers: &[],
                body: "Dear Ilse,\n\nWe have water in hall 7. It came in during the storm last night, at the seam \
                       between bays B and C and at roof light 4. About 160 pallets are wet, most of them coffee. \
                       Castellan's man was here at six and said it was “condensation”.\n\nThe roof is not two years \
                       old. Can we ask somebody else to close it, or do we have to let Castellan try first? And may \
                       we clear the goods away, or do you need to see them?\n\nBest wishes\nHenrike Voß\n",
                attachments: Vec::new(),
            }),
        )
        .commented("First notice from the client"),
        single(CLIENT, terms, "docx", MARR.name, made, letter.clone()),
        single(
            CLIENT,
            "RE Water in hall 7, urgent",
            "eml",
            MARR.name,
            facts.engaged.at(12, 10),
            mail(&Message {
                from: MARR,
                to: &[VOSS],
                cc: &[OKORO],
                subject: "Re: Water in hall 7 – urgent",
                date: facts.engaged.mail(12, 10),
                id: second.clone(),
                answers: std::slice::from_ref(&first),
                body: "Dear Henrike,\n\nPlease do four things before anything is cleared away:\n\
                       1. photograph every bay, the seam from below, and the labels of the pallets;\n\
                       2. keep three wet pallets of each kind, wrapped, with the date on them;\n\
                       3. have the hall's moisture read every day, at the same places;\n\
                       4. let Castellan look again, in writing and with a date, but sign nothing.\n\n\
                       A sheet over the seam is a measure to limit the loss; do that today. Repair is another \
                       matter: we must set a time first, and the letter goes out this week.\n\nOur letter of \
                       engagement is attached. Daniel Okoro will call you at two.\n\nIlse\n",
                attachments: vec![Attachment {
                    name: format!("{terms}.docx"),
                    kind: WORD,
                    bytes: letter,
                }],
            }),
        ),
        single(
            CLIENT,
            "List of spoiled stock",
            "eml",
            VOSS.name,
            facts.notice.at(17, 31),
            mail(&Message {
                from: VOSS,
                to: &[OKORO],
                cc: &[MARR, BREUER],
                subject: "List of spoiled stock, hall 7",
                date: facts.notice.mail(17, 31),
                id: "stock.81c2@nordkai.example".to_owned(),
                answers: &[first, second],
                body: &format!(
                    "Dear Daniel,\n\nHere is the list, as of today: {} in all. The insurer's man has seen it and \
                     signed each page. The paper is on its way to you.\n\nKind regards\nHenrike Voß\n",
                    euros(stock())
                ),
                attachments: vec![Attachment {
                    name: "Stock hall 7.csv".to_owned(),
                    kind: "text/csv; charset=utf-8",
                    bytes: stock_list(),
                }],
            }),
        ),
    ]
}

fn engagement(facts: Facts) -> Vec<Block> {
    vec![
        title("Letter of engagement"),
        subtitle(format!("Matter 20417-003 · {}", facts.engaged.long())),
        lines(&[
            "Nordkai Logistik GmbH",
            "Ms Henrike Voß",
            "Kaistraße 41, Hamburg",
        ]),
        paragraph(
            "You ask us to act for you against Castellan Dachbau AG and, if need be, its guarantor, because of \
             water that entered warehouse 7. We are glad to do so, on these terms.",
        ),
        heading("What we will do"),
        item("Secure the evidence and give notice of the defects."),
        item("Negotiate until a date that we agree with you, then file a claim."),
        item("Advise on the guarantee. A call on it needs your word in writing."),
        heading("Who will do it"),
        paragraph(
            "Ilse Marr leads; Daniel Okoro drafts; Jana Breuer keeps the file and the dates.",
        ),
        heading("What it costs"),
        paragraph(
            "By time: partner € 320.00, associate € 230.00, assistant € 85.00 an hour, invoiced each month with a \
             list of the work. We tell you before the sum of our invoices passes € 40,000.00.",
        ),
        lines(&["Lindqvist Marr", "Ilse Marr"]),
    ]
}

fn with_opponent(facts: Facts) -> Vec<SampleDocument> {
    let notice = "Notice of defects";
    let sent = facts.notice.at(10, 5);
    let properties = |title, at| Properties {
        title,
        author: OKORO.name,
        created: at,
        edited: at,
    };
    let offer = "Offer to settle";
    let made = facts.offer.at(9, 40);
    let terms = |cents, costs| {
        word(
            &settlement(facts, cents, costs),
            RUNNING,
            properties(offer, made),
        )
    };
    vec![
        single(
            OPPONENT,
            notice,
            "docx",
            OKORO.name,
            sent,
            word(&notice_of_defects(facts), RUNNING, properties(notice, sent)),
        ),
        single(
            OPPONENT,
            format!("{notice}, as sent"),
            "pdf",
            OKORO.name,
            facts.notice.at(11, 0),
            pdf(&notice_of_defects(facts), RUNNING, properties(notice, sent)),
        )
        .commented("By courier, received the same day at 15:20"),
        single(
            OPPONENT,
            "Reply of counsel, liability refused",
            "eml",
            PELL.name,
            facts.refusal.at(16, 58),
            mail(&Message {
                from: PELL,
                to: &[MARR],
                cc: &[OKORO],
                subject: "Castellan Dachbau AG ./. Nordkai Logistik GmbH (your 20417-003)",
                date: facts.refusal.mail(16, 58),
                id: "refusal.5512@pell-partner.example".to_owned(),
                answers: &[],
                body: "Dear colleague,\n\nWe act for Castellan Dachbau AG. There is no defect. The membrane FD 15 was \
                       your client's own wish, to save € 28,300.00. The seams were tested and found tight. What was \
                       seen on the floor is condensation, for which the hall's ventilation is the cause.\n\nShould \
                       water have entered, then because your client's tenant of the roof, who put up an aerial in \
                       the spring, damaged the membrane.\n\nOur client will look at the roof as a courtesy, without \
                       any legal duty, in the week after next.\n\nWith the compliments of the profession\nDr. Armin \
                       Pell\n",
                attachments: Vec::new(),
            }),
        ),
        single(
            OPPONENT,
            offer,
            "docx",
            MARR.name,
            made,
            terms(34_000_000, false),
        )
        .then(
            facts.offer,
            "Client accepts a lower sum if costs are shared",
            terms(31_500_000, true),
        )
        .commented("Without prejudice; not sent yet"),
    ]
}

fn notice_of_defects(facts: Facts) -> Vec<Block> {
    vec![
        title("Notice of defects"),
        subtitle(format!("Roof of warehouse 7 · {}", facts.notice.long())),
        lines(&[
            "Castellan Dachbau AG",
            "Am Ziegelhof 9, Lüneburg",
            "By courier",
        ]),
        paragraph(format!(
            "We act for Nordkai Logistik GmbH. On {} water entered warehouse 7 in two places. Since then the \
             moisture in the insulation of bays B and C has been rising each day. Your works of {} are defective.",
            facts.water.long(),
            facts.contract.long()
        )),
        heading("What is defective"),
        item("The seam between bays B and C is open over about 14 m."),
        item("The flashing of roof light 4 is not welded to the membrane on its west side."),
        item("The insulation below is soaked over about 310 m²."),
        heading("What we ask"),
        paragraph(format!(
            "Put the defects right by {}. Tell us by {} whether you will. When that time has passed without \
             result our client will have the work done by others and claim the cost, and damages for stock and \
             loss of use besides (§§ 5 and 6 of the contract).",
            facts.notice.plus(21).long(),
            facts.notice.plus(7).long()
        )),
        lines(&["Lindqvist Marr", "Daniel Okoro"]),
    ]
}

fn settlement(facts: Facts, cents: i64, costs_shared: bool) -> Vec<Block> {
    let costs = if costs_shared {
        "Each side bears its own costs; the engineer's fee is shared."
    } else {
        "Castellan bears the costs, the engineer's fee included."
    };
    vec![
        title("Offer to settle"),
        subtitle(format!("Without prejudice · {}", facts.offer.long())),
        paragraph(
            "To end the dispute, and without giving up any position, Nordkai Logistik GmbH offers:",
        ),
        item(format!(
            "Castellan Dachbau AG pays {} within four weeks.",
            euros(cents)
        )),
        item(format!(
            "Nordkai hands back guarantee 88-4471 ({}) once the sum has been received.",
            euros(PRICE / 20)
        )),
        item(
            "A new seam and new flashings are laid by a firm of Nordkai's choice; the warranty for them is that firm's.",
        ),
        item(costs),
        paragraph(format!(
            "Nordkai's loss as known today is {}. The offer stands until {}.",
            euros(claimed()),
            facts.offer.plus(14).long()
        )),
        lines(&["Lindqvist Marr", "Ilse Marr"]),
    ]
}

fn with_court(facts: Facts) -> Vec<SampleDocument> {
    let case = facts.case();
    let order = "Order, dates and hearing";
    let made = facts.order.at(12, 0);
    let subject = format!("{case}: claim received");
    let to: &[Person] = &[OKORO];
    vec![
        single(
            COURT,
            "Receipt of the claim",
            "eml",
            REGISTRY.name,
            facts.claim.at(14, 2),
            mail(&Message {
                from: REGISTRY,
                to,
                cc: &[],
                subject: &subject,
                date: facts.claim.mail(14, 2),
                id: "receipt.14o212@court.example".to_owned(),
                answers: &[],
                body: &format!(
                    "The claim of Nordkai Logistik GmbH against Castellan Dachbau AG was received at 13:47 with nine \
                     exhibits. It bears the number {case}. The advance on costs is € 9,213.00; service follows once \
                     it has been paid.\n\nRegistry of the 14th civil chamber\n"
                ),
                attachments: Vec::new(),
            }),
        ),
        single(
            COURT,
            order,
            "pdf",
            REGISTRY.name,
            made,
            pdf(
                &[
                    title("Order"),
                    subtitle(format!("{case} · {}", facts.order.long())),
                    paragraph("In the matter of Nordkai Logistik GmbH ./. Castellan Dachbau AG:"),
                    item(format!(
                        "The defendant may answer the claim until {}.",
                        facts.defence.long()
                    )),
                    item(format!("The claimant may reply until {}.", facts.reply.plus(11).long())),
                    item(format!(
                        "The hearing, with a view to a settlement, is on {}, 10:15, room 234. Ms Voß and \
                         Mr Castellan are to be present in person.",
                        facts.hearing.long()
                    )),
                    item("The parties say until then whether they agree to a visit of the roof."),
                    lines(&["The presiding judge", "of the 14th civil chamber"]),
                ],
                &case,
                Properties {
                    title: order,
                    author: REGISTRY.name,
                    created: made,
                    edited: made,
                },
            ),
        )
        .commented("Dates are in the calendar of Jana Breuer"),
    ]
}
